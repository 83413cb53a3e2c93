import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import type { Request } from "../protocol/protocol.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import { Access } from "./acl/access.ts";
import type { User } from "./acl/user.ts";
import { Users } from "./acl/users.ts";
import type { Client, Clients, ReplyMode } from "./client.ts";
import type { ClientContext, ServiceHost } from "./client-context.ts";
import type { Command } from "./command.ts";
import { CommandTable } from "./command-table.ts";
import { Monitors } from "./monitors.ts";

/** A client without a connection, whose every fact the test sets. */
export class FakeClient implements Client {
  readonly id: number;
  remoteAddress: string;
  localAddress = "10.0.0.2:6379";
  connectedAtMs: number;
  lastActiveMs: number;
  protocol: "undecided" | "resp" | "text" = "resp";
  respVersion: 2 | 3 = 2;
  replyMode: ReplyMode = "on";
  authenticated = true;
  user: User;
  isUnrestricted = true;
  name = "";
  libraryName = "";
  libraryVersion = "";
  noEvict = false;
  exemptFromIdleTimeout = false;
  lastCommand = "NULL";
  flags = (): string => "";
  queuedCommands = -1;
  database = 0;
  channels = 0;
  patterns = 0;
  shardChannels = 0;
  isSubscribed = false;
  redirection = -1;
  bufferedRequestBytes = 0;
  waitingReplyBytes = 0;
  isClosing = false;
  /** How it was ended. */
  end = "";

  constructor(id: number, user: User, clock: ManualClock) {
    this.id = id;
    this.user = user;
    this.remoteAddress = `10.0.0.1:${1000 + id}`;
    this.connectedAtMs = clock.wallMs();
    this.lastActiveMs = clock.monotonicMs();
  }

  subscriptions = (): undefined => undefined;

  authenticate(user: User): void {
    this.user = user;
    this.authenticated = true;
  }

  reset(user: User, authenticated: boolean): void {
    this.user = user;
    this.authenticated = authenticated;
    this.name = "";
  }

  pushBytes(): void {}

  closeAfterReplies(): void {
    this.end = "closed after replies";
  }

  close(): void {
    this.end = "closed";
  }
}

class FakeClients extends Map<number, FakeClient> {
  override [Symbol.iterator](): MapIterator<never> {
    return this.values() as MapIterator<never>;
  }
}

/** A service that is nothing but its clients. */
export class FakeService {
  readonly clock = new ManualClock();
  readonly users: Users;
  readonly registry = new FakeClients();
  readonly host: ServiceHost;
  /** What the host was asked to do. */
  readonly told: string[] = [];

  /** @param password of the default user */
  constructor(host: Partial<ServiceHost> = {}, password?: string) {
    const { clock, told } = this;
    this.users = new Users((text) => `hash of ${latin1(text, 0, text.length)}`, password);
    const clients = this.registry as unknown as Clients;
    const commands = new CommandTable<never>([]);
    const access = new Access({
      ...{ users: this.users, clients, clock, usersFile: undefined },
      ...{ secretBytes: (count) => new Uint8Array(count), logEntries: () => 10, describe: () => "" },
      scriptsMayAll: false,
    });
    this.host = {
      ...{ registry: clients, clock, access, commands, monitors: new Monitors() },
      ...{ serverName: "redis", redisVersion: "7.2.0", version: "1", mode: "standalone", role: "master" },
      startedAtMs: 0,
      pause: {
        begin: (forMs, mode) => void told.push(`pause ${forMs} ${mode}`),
        end: () => void told.push("pause ended"),
      },
      runs: () => true,
      onReset: () => void told.push("reset"),
      ...host,
    };
  }

  /** Adds a client with these facts. */
  client(facts: Partial<FakeClient> = {}): FakeClient {
    const client = new FakeClient(this.registry.size + 1, this.users.default, this.clock);
    Object.assign(client, facts);
    this.registry.set(client.id, client);
    return client;
  }

  /** Runs a command for a client. @returns the reply, in the client's version */
  run(command: Command<ClientContext>, client: FakeClient, request: Request): string {
    const out = new ByteBuffer();
    const context: ClientContext = { connection: client, host: this.host };
    command.run(context, request, new RespWriter(out, client.respVersion));
    return latin1(out.view());
  }
}
