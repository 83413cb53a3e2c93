import { fromLatin1 } from "../../lib/bytes.ts";
import type { Clock } from "../../lib/clock.ts";
import type { Request } from "../../protocol/protocol.ts";
import type { Client, Clients } from "../client.ts";
import { NO_AUTHENTICATION, unknownCommand } from "../command-errors.ts";
import type { CommandFacts } from "../facts.ts";
import { AccessLog, type LogEntry, type Refused } from "./access-log.ts";
import { type Denial, denialOf, type Running, textDenialOf } from "./denial.ts";
import type { User } from "./user.ts";
import type { Users } from "./users.ts";

/** What the other threads of a service do for ACL. */
export interface AccessPeers {
  /** Makes them adopt the present users. Resolves when all have. */
  adopt(): Promise<void>;
  /** The newest refusals that they have noted. */
  newest(count: number): Promise<readonly LogEntry[]>;
  /** Makes them forget theirs. */
  forget(): Promise<void>;
}

/** A file of users. */
export interface UsersFile {
  /** @throws UsersTextError if it cannot be read or has mistakes */
  read(): readonly User[];
  /** Writes all of it, or nothing. @throws Error of the file system */
  write(text: string): void;
}

export interface AccessOptions extends Running {
  readonly users: Users;
  readonly clients: Clients;
  readonly clock: Clock;
  /** Where ACL LOAD and ACL SAVE read and write users; undefined: nowhere. */
  readonly usersFile: UsersFile | undefined;
  /** Returns bytes that nobody can guess, for ACL GENPASS. */
  readonly secretBytes: (count: number) => Uint8Array;
  /** The most entries of ACL LOG, at present. */
  readonly logEntries: () => number;
  /** Describes a client for ACL LOG. */
  readonly describe: (client: Client) => string;
  /** The other threads; undefined: there are none. */
  readonly peers?: AccessPeers | undefined;
}

/** Decides which client may do what, and notes what it refuses. A service has one. */
export class Access {
  readonly users: Users;
  readonly usersFile: UsersFile | undefined;
  readonly secretBytes: (count: number) => Uint8Array;
  readonly log: AccessLog;
  readonly peers: AccessPeers | undefined;
  readonly running: Running;
  readonly #clients: Clients;
  readonly #describe: (client: Client) => string;

  constructor(options: AccessOptions) {
    const { users, clients, usersFile, clock, peers, scriptsMayAll, describe } = options;
    this.users = users;
    this.usersFile = usersFile;
    this.secretBytes = options.secretBytes;
    this.log = new AccessLog(clock, options.logEntries);
    this.peers = peers;
    this.running = { scriptsMayAll };
    this.#clients = clients;
    this.#describe = describe;
  }

  /**
   * Whether a client may run a request. Server and proxy ask before they run one, before the cache is looked into,
   * and nowhere else.
   * @param facts of the command or subcommand; undefined: there is no such command
   * @param isQueued whether it would be queued in a transaction, for ACL LOG
   * @returns the error that refuses it; undefined if the client may run it
   */
  admit(
    client: Client,
    facts: CommandFacts | undefined,
    request: Request,
    isQueued: boolean = client.queuedCommands >= 0,
  ): string | undefined {
    if (client.isUnrestricted) return undefined;
    if (!client.authenticated)
      return facts?.flags.includes("no_auth") === true ? undefined : NO_AUTHENTICATION;
    if (facts === undefined) return unknownCommand(request);
    return this.#refuse(client, denialOf(client.user, facts, request, this.running), isQueued);
  }

  /** As `admit` or `admitText`, and notes nothing. @param facts undefined: a request of the text protocol */
  may(client: Client, facts: CommandFacts | undefined, request: Request): boolean {
    if (client.isUnrestricted) return true;
    if (!client.authenticated) return facts?.flags.includes("no_auth") === true;
    const { user } = client;
    if (facts !== undefined) return denialOf(user, facts, request, this.running) === undefined;
    return textDenialOf(user, request.text(0).toLowerCase(), request, this.running) === undefined;
  }

  /** As `admit`, for a request of the text protocol. @param verb in lower case */
  admitText(client: Client, verb: string, request: Request): string | undefined {
    if (client.isUnrestricted) return undefined;
    if (!client.authenticated) return `${NO_AUTHENTICATION} Send AUTH password first`;
    return this.#refuse(client, textDenialOf(client.user, verb, request, this.running), false);
  }

  /**
   * Authenticates a client as a user. A wrong password is noted.
   * @returns whether the password was right
   */
  authenticate(client: Client, name: string, password: Uint8Array, command: string): boolean {
    const user = this.users.authenticate(name, password);
    if (user === undefined) {
      const context = client.queuedCommands >= 0 ? "multi" : "toplevel";
      this.#note(client, { reason: "auth", context, object: command, username: name });
      return false;
    }
    client.authenticate(user);
    return true;
  }

  /** Takes these users in place of all there are. Other threads must be made to adopt them. */
  replaceUsers(users: readonly User[]): void {
    this.users.replaceBy(users);
    this.closeRevoked();
  }

  /** Adopts what other threads have changed. */
  adopt(): void {
    this.users.refresh();
    this.closeRevoked();
  }

  /**
   * Closes the clients whose user has been deleted, and those who may no longer hear what they hear: channels, or the
   * requests of all clients.
   * @param actor the client that has changed the users: it gets its reply first
   */
  closeRevoked(actor?: Client): void {
    for (const client of [...this.#clients]) {
      if (this.users.get(client.user.name) === client.user && mayHear(client)) continue;
      if (client === actor) client.closeAfterReplies();
      else client.close();
    }
  }

  #refuse(client: Client, denial: Denial | undefined, isQueued: boolean): string | undefined {
    if (denial === undefined) return undefined;
    const { reason, object, message } = denial;
    const context = isQueued ? "multi" : "toplevel";
    this.#note(client, { reason, context, object, username: client.user.name });
    return message;
  }

  /** Notes what was refused for another reason than the client's rights alone. */
  noteRefusal(client: Client, refused: Omit<Refused, "clientInfo" | "username">): void {
    this.#note(client, { ...refused, username: client.user.name });
  }

  #note(client: Client, refused: Omit<Refused, "clientInfo">): void {
    this.log.add({ ...refused, clientInfo: this.#describe(client) });
  }
}

/** Whether a client may hear all that it is subscribed to, by one of its user's selectors each; and what it monitors. */
function mayHear({ isSubscribed, subscriptions, user, flags }: Client): boolean {
  if (flags().includes("O") && !user.selectors.some(({ keys }) => keys.readsAll)) return false;
  if (!isSubscribed || user.selectors.some(({ channels }) => channels.isAll)) return true;
  const heard = subscriptions();
  const may = (name: string, isPattern: boolean): boolean =>
    user.selectors.some(({ channels }) => channels.allows(fromLatin1(name), isPattern));
  if (heard === undefined) return false;
  return heard.channels.every((name) => may(name, false)) && heard.patterns.every((name) => may(name, true));
}
