import { Users } from "../../src/commands/acl/users.ts";
import { ByteBuffer } from "../../src/lib/byte-buffer.ts";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import { type Log, silentLog } from "../../src/lib/log.ts";
import { systemTimers, type Timers } from "../../src/lib/timers.ts";
import { ClientRegistry } from "../../src/net/client-registry.ts";
import type { Connection } from "../../src/net/connection.ts";
import { type ConnectionLimits, DEFAULT_LIMITS } from "../../src/net/limits.ts";
import { Listener, type ListenerTls } from "../../src/net/listener.ts";
import { hashPassword } from "../../src/net/password-hash.ts";
import type { Service } from "../../src/net/service.ts";
import type { Session } from "../../src/net/session.ts";
import type { Ticket } from "../../src/net/ticket.ts";
import type { ReplyWriter, Request } from "../../src/protocol/protocol.ts";
import { RespWriter } from "../../src/protocol/resp-writer.ts";

export interface ScriptedServiceOptions {
  readonly host?: string;
  readonly port?: number;
  readonly tls?: ListenerTls;
  readonly limits?: Partial<ConnectionLimits>;
  readonly clock?: Clock;
  readonly timers?: Timers;
  readonly log?: Log;
  readonly respOnly?: boolean;
  readonly passwordRequired?: boolean;
}

const COMMANDS = new Set(
  "ECHO DEFER SETTLE BIG HOLD PUSH THROW LATE-THROW LOGIN AUTH QUIT GET PUT".split(" "),
);

/**
 * A service whose replies come when the test says so, behind a real listener. Its commands, by the first argument:
 * `ECHO text` is answered at once, `DEFER name` when the test finishes the ticket of that name, `SETTLE text` at
 * once but held back until the test settles it, `BIG bytes` with so many bytes, `HOLD` keeps the client from going
 * on until it is released, `PUSH text` pushes to its own client before it replies, `THROW text` and `LATE-THROW
 * name` fail, the latter with a ticket taken, `LOGIN` and `AUTH` authenticate, `QUIT` closes. In the text protocol `GET`,
 * `PUT` and `DELETE` echo their key, and `DUMP` is a `BIG` of a thousand bytes.
 */
export class ScriptedService implements Service, Disposable {
  readonly registry = new ClientRegistry();
  readonly listener: Listener;
  /** In the order of their ids. */
  readonly connections: Connection[] = [];
  /** First arguments of all requests, in the order they were executed. */
  readonly executed: string[] = [];
  readonly tickets = new Map<string, Ticket>();
  /** Settled when the test resolves or rejects them, in the order they were asked for. */
  readonly settlements: PromiseWithResolvers<void>[] = [];
  closedCount = 0;
  readonly #users: Users;

  constructor(options: ScriptedServiceOptions = {}) {
    this.#users = new Users(hashPassword, options.passwordRequired === true ? "secret" : undefined);
    this.listener = Listener.open({
      host: options.host ?? "127.0.0.1",
      port: options.port ?? 0,
      tls: options.tls,
      service: this,
      registry: this.registry,
      limits: { ...DEFAULT_LIMITS, ...options.limits },
      clock: options.clock ?? systemClock,
      timers: options.timers ?? systemTimers,
      log: options.log ?? silentLog,
      respOnly: options.respOnly ?? false,
      users: this.#users,
    });
  }

  get port(): number {
    return this.listener.port;
  }

  isCommandName(bytes: Uint8Array, start: number, end: number): boolean {
    return COMMANDS.has(Buffer.from(bytes.subarray(start, end)).toString("latin1").toUpperCase());
  }

  connect(connection: Connection): Session {
    this.connections.push(connection);
    let needsSettling = false;
    return {
      request: (request, reply) => {
        if (request.text(0).toUpperCase() === "SETTLE") needsSettling = true;
        this.#run(connection, request, reply);
      },
      settle: () => {
        if (!needsSettling) return undefined;
        needsSettling = false;
        const settlement = Promise.withResolvers<void>();
        this.settlements.push(settlement);
        return settlement.promise;
      },
      closed: () => {
        this.closedCount++;
      },
    };
  }

  [Symbol.dispose](): void {
    this.listener.close();
  }

  /** Answers a deferred request with its name. */
  finish(name: string): void {
    const ticket = this.tickets.get(name)!;
    this.tickets.delete(name);
    ticket.reply.bulkText(name);
    ticket.done();
  }

  #run(connection: Connection, request: Request, reply: ReplyWriter) {
    const name = request.text(0).toUpperCase();
    this.executed.push(name);
    switch (name) {
      case "ECHO":
      case "SETTLE":
      case "GET":
      case "PUT":
      case "DELETE":
        return reply.bulk(request.bytes, request.starts[1]!, request.ends[1]!);
      case "DEFER":
        this.tickets.set(request.text(1), connection.defer());
        return;
      case "BIG":
        return writeBig(reply, Number(request.text(1)));
      case "DUMP":
        return writeBig(reply, 1000);
      case "HOLD":
        connection.hold();
        return reply.ok();
      case "PUSH":
        push(connection, request.text(1));
        return reply.ok();
      case "THROW":
        reply.array(3);
        reply.ok();
        throw new Error(request.text(1));
      case "LATE-THROW":
        this.tickets.set(request.text(1), connection.defer());
        throw new Error(request.text(1));
      case "AUTH":
      case "LOGIN":
        connection.authenticate(this.#users.default);
        return reply.ok();
      case "QUIT":
        reply.ok();
        return connection.closeAfterReplies();
      default:
        return reply.error(`ERR unknown command '${name}'`);
    }
  }
}

/** Pushes one text, as a list of its own. */
export function push(connection: Connection, text: string): void {
  const buffer = new ByteBuffer();
  const writer = new RespWriter(buffer, connection.respVersion);
  writer.push(1);
  writer.bulkText(text);
  connection.pushBytes(buffer.bytes, 0, buffer.length);
}

function writeBig(reply: ReplyWriter, lengthBytes: number): void {
  const buffer = reply.openValue(lengthBytes);
  buffer.reserve(lengthBytes);
  buffer.bytes.fill(0x78, buffer.length, buffer.length + lengthBytes);
  buffer.length += lengthBytes;
  reply.closeValue();
}
