import type { Socket, TCPSocketListener } from "bun";
import { ByteBuffer } from "../../src/lib/byte-buffer.ts";
import { fromLatin1 } from "../../src/lib/bytes.ts";
import { DEFAULT_LIMITS } from "../../src/net/limits.ts";
import { Request } from "../../src/protocol/protocol.ts";
import { RespParser } from "../../src/protocol/resp-parser.ts";
import { RespWriter } from "../../src/protocol/resp-writer.ts";
import { awaited } from "./until.ts";

/** A command as the origin received it, one character a byte; its name in upper case. */
export type OriginCommand = readonly string[];

/** What the origin says of a command, given before its own answer: raw RESP, or undefined to let it answer itself. */
export type Script = (command: OriginCommand, connection: OriginConnection) => string | undefined;

export interface FakeOriginOptions {
  /** `unknown`: knows no HELLO and so no RESP3, as Redis before 6. */
  readonly hello?: "known" | "unknown";
  /** What the answer to HELLO calls its version; none by default. */
  readonly version?: string;
  /** Whether CLIENT TRACKING is known. */
  readonly tracking?: boolean;
  /** Asked for of every connection, of the user `default` where `user` is not given. */
  readonly password?: string;
  readonly user?: string;
  readonly script?: Script;
}

/**
 * An origin whose every move the test decides: a small store of strings that executes commands when they come, but
 * sends replies and invalidations when it is told to.
 *
 * Replies leave a connection in the order of their requests, as from a real origin. `holdFrom` stops that stream in
 * front of one of them; `release` lets it go on, frame by frame if wished. Invalidations of writes by other
 * connections enter the stream by themselves, at its end, as a real origin's do.
 */
export class FakeOrigin implements Disposable {
  /** All connections there have been, in the order they came. */
  readonly connections: OriginConnection[] = [];
  /** All commands received, in the order they were executed. */
  readonly commands: { readonly command: OriginCommand; readonly connection: OriginConnection }[] = [];
  readonly values = new Map<string, string>();
  /** Remaining milliseconds to live, as PTTL tells them; -1 where it is not given. */
  readonly remainingMs = new Map<string, number>();
  script: Script | undefined;
  /** What it says as a node of a cluster, where the script says nothing. */
  cluster: Script | undefined;
  options: FakeOriginOptions;
  /** Whether a write tells the connections that have read the key. */
  invalidates = true;
  readonly port: number;
  #listener: TCPSocketListener<OriginConnection> | undefined;
  #waiters: { condition(): boolean; resolve(): void }[] = [];

  constructor(options: FakeOriginOptions = {}) {
    this.options = options;
    this.script = options.script;
    this.#listener = this.#listen(0);
    this.port = this.#listener.port;
  }

  /** The connection that invalidations go to: the latest that has asked for them and is open. */
  get main(): OriginConnection {
    const main = this.connections.findLast(({ tracks, isClosed }) => tracks && !isClosed);
    if (main === undefined) throw new Error("no connection tracks");
    return main;
  }

  get openConnections(): OriginConnection[] {
    return this.connections.filter(({ isClosed }) => !isClosed);
  }

  /** How many commands began with these words. */
  count(...words: string[]): number {
    return this.commands.filter(({ command }) => words.every((word, index) => command[index] === word))
      .length;
  }

  /** Waits until as many commands that begin with these words have been executed. */
  async received(count: number, ...words: string[]): Promise<void> {
    const what = () =>
      `${count} times ${words.join(" ")} at the origin, which has come ${this.count(...words)} times`;
    await this.until(() => this.count(...words) >= count, what);
  }

  /** Waits for something about this origin: asked again after each command, connection and end of one. */
  until(condition: () => boolean, what: () => string = () => String(condition)): Promise<void> {
    if (condition()) return Promise.resolve();
    return awaited(new Promise((resolve) => this.#waiters.push({ condition, resolve })), what);
  }

  /** Stops the streams of all connections, also of later ones, in front of the reply to such a command. */
  holdFrom(...words: string[]): void {
    this.#heldWords = words;
  }

  /** Nothing is held any longer. */
  releaseAll(): void {
    this.#heldWords = undefined;
    for (const connection of this.connections) connection.release();
  }

  /** Ends all connections. */
  dropAll(): void {
    for (const connection of this.openConnections) connection.drop();
  }

  /** Accepts no connections, and ends those there are. */
  goDown(): void {
    this.#listener?.stop(true);
    this.#listener = undefined;
    this.dropAll();
  }

  /** Accepts no more connections; those there are stay. */
  stopAccepting(): void {
    this.#listener?.stop(false);
    this.#listener = undefined;
  }

  /** Accepts connections again, on the same port. */
  comeBack(): void {
    this.#listener ??= this.#listen(this.port);
  }

  /** Reads nothing more and says nothing more on all connections, also on later ones, without ending them. */
  goSilent(): void {
    this.isSilent = true;
  }

  /** Goes on where it went silent, with what it has been sent meanwhile. */
  speakAgain(): void {
    this.isSilent = false;
    for (const connection of this.openConnections) connection.received(new Uint8Array(0));
  }

  isSilent = false;
  #heldWords: string[] | undefined;

  [Symbol.dispose](): void {
    this.goDown();
  }

  // ---- called by connections

  holds(command: OriginCommand): boolean {
    return this.#heldWords?.every((word, index) => command[index] === word) ?? false;
  }

  changed(): void {
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const waiter of waiters) {
      if (waiter.condition()) waiter.resolve();
      else this.#waiters.push(waiter);
    }
  }

  /** `key` has been changed by `writer`. */
  touched(key: string, writer: OriginConnection): void {
    if (!this.invalidates) return;
    for (const connection of this.openConnections) {
      if (!connection.trackedKeys.delete(key)) continue;
      if (connection !== writer) connection.invalidate(key);
      else if (!connection.noLoop) connection.ownInvalidations.push(key);
    }
  }

  #listen(port: number): TCPSocketListener<OriginConnection> {
    return Bun.listen<OriginConnection>({
      hostname: "127.0.0.1",
      port,
      socket: {
        open: (socket) => {
          socket.setNoDelay(true);
          socket.data = new OriginConnection(this, socket);
          this.connections.push(socket.data);
          this.changed();
        },
        data: (socket, data) => socket.data.received(data),
        drain: (socket) => socket.data.flush(),
        close: (socket) => {
          // One that was cut before it was accepted has no data.
          if (socket.data === undefined) return;
          socket.data.isClosed = true;
          this.changed();
        },
        error: () => {},
      },
    });
  }
}

/** One connection to a `FakeOrigin`. */
export class OriginConnection {
  readonly #origin: FakeOrigin;
  readonly #socket: Socket<OriginConnection>;
  readonly #parser = new RespParser(DEFAULT_LIMITS.parser);
  readonly #inbound = new ByteBuffer(1024);
  readonly #outbound = new ByteBuffer(1024);
  readonly trackedKeys = new Set<string>();
  /** Frames written but not sent: what is held back. */
  readonly heldFrames: string[] = [];
  isClosed = false;
  /** Whether it has asked for invalidations, and for none about its own writes. */
  tracks = false;
  noLoop = false;
  /** Invalidations of what it changes itself: they are sent behind the reply. */
  readonly ownInvalidations: string[] = [];
  /** It alone reads and says nothing more, without being ended. */
  isSilent = false;
  version: 2 | 3 = 2;
  isAuthenticated: boolean;
  #isHeld = false;
  /** The commands that EXEC will execute; undefined outside of a transaction. */
  #queued: OriginCommand[] | undefined;

  constructor(origin: FakeOrigin, socket: Socket<OriginConnection>) {
    this.#origin = origin;
    this.#socket = socket;
    this.isAuthenticated = origin.options.password === undefined;
  }

  /** Sends nothing until `release`. */
  hold(): void {
    this.#isHeld = true;
  }

  /** Sends the first `count` held frames, or all of them and those to come. */
  release(count: number = Number.POSITIVE_INFINITY): void {
    for (const frame of this.heldFrames.splice(0, count)) this.#outbound.append(fromLatin1(frame));
    if (count === Number.POSITIVE_INFINITY) this.#isHeld = false;
    this.flush();
  }

  /** Puts raw RESP into the stream, in front of the held frame `at`, behind all by default. */
  send(frame: string, at: number = this.heldFrames.length): void {
    if (this.#isHeld) {
      this.heldFrames.splice(at, 0, frame);
      return;
    }
    this.#outbound.append(fromLatin1(frame));
    this.flush();
  }

  /** Puts an invalidation of these keys into the stream, in front of the held frame `at`. */
  invalidate(keys: string | readonly string[] | null, at?: number): void {
    this.send(invalidation(typeof keys === "string" ? [keys] : keys), at);
  }

  /** Cuts the connection off. */
  drop(): void {
    this.#socket.terminate();
  }

  /** Ends the connection behind what has been sent. */
  end(): void {
    this.#socket.end();
  }

  flush(): void {
    if (this.#origin.isSilent || this.isSilent || this.#outbound.length === 0) return;
    const sent = this.#socket.write(this.#outbound.view());
    if (sent > 0) this.#outbound.discard(sent);
  }

  received(data: Uint8Array): void {
    this.#inbound.append(data);
    if (this.#origin.isSilent || this.isSilent) return;
    this.flush();
    const request = new Request();
    const { bytes, length } = this.#inbound;
    let start = 0;
    while (start < length && !this.isClosed) {
      const next = this.#parser.parse(bytes, start, length, request);
      if (next < 0) break;
      start = next;
      const args = Array.from({ length: request.count }, (_, index) => request.text(index));
      this.#execute([args[0]!.toUpperCase(), ...args.slice(1)]);
    }
    this.#inbound.discard(start);
  }

  #execute(command: OriginCommand): void {
    this.#origin.commands.push({ command, connection: this });
    if (this.#origin.holds(command)) this.#isHeld = true;
    const scripted = this.#origin.script?.(command, this) ?? this.#origin.cluster?.(command, this);
    if (scripted === undefined) this.send(this.#transact(command));
    else if (scripted !== "") this.send(scripted);
    for (const key of this.ownInvalidations.splice(0)) this.invalidate(key);
    this.#origin.changed();
  }

  /** MULTI, what it queues, EXEC and DISCARD; all else as it comes. */
  #transact(command: OriginCommand): string {
    const [name] = command;
    const queued = this.#queued;
    if (name === "MULTI") {
      this.#queued = [];
    } else if (queued === undefined) {
      if (name === "EXEC" || name === "DISCARD") return `-ERR ${name} without MULTI\r\n`;
      return this.#answer(command);
    } else if (name === "EXEC") {
      this.#queued = undefined;
      return `*${queued.length}\r\n${queued.map((each) => this.#answer(each)).join("")}`;
    } else if (name === "DISCARD") {
      this.#queued = undefined;
    } else {
      queued.push(command);
      return "+QUEUED\r\n";
    }
    return "+OK\r\n";
  }

  #answer(command: OriginCommand): string {
    const out = new ByteBuffer();
    answer(this.#origin, this, command, new RespWriter(out, this.version), (version) => {
      this.version = version;
      return new RespWriter(out, version);
    });
    return Buffer.from(out.view()).toString("latin1");
  }
}

/** The push message with which an origin invalidates keys, null for all. */
export function invalidation(keys: readonly string[] | null): string {
  const items = keys === null ? "_\r\n" : `*${keys.length}\r\n${keys.map(bulk).join("")}`;
  return `>2\r\n$10\r\ninvalidate\r\n${items}`;
}

/** A byte string in RESP, of a text with one character a byte. */
export function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

function answer(
  origin: FakeOrigin,
  connection: OriginConnection,
  command: OriginCommand,
  reply: RespWriter,
  speak: (version: 2 | 3) => RespWriter,
): void {
  const [name, first = "", second = ""] = command;
  if (name === "HELLO" && origin.options.hello !== "unknown") {
    hello(origin, connection, command, reply, speak);
  } else if (name === "AUTH") {
    const [user, password] = command.length > 2 ? [first, second] : ["default", first];
    if (authenticate(origin, connection, user, password)) reply.ok();
    else reply.error("WRONGPASS invalid username-password pair or user is disabled.");
  } else if (name === "HELLO") {
    reply.error("ERR unknown command `HELLO`, with args beginning with: `3`, ");
  } else if (!connection.isAuthenticated) {
    reply.error("NOAUTH Authentication required.");
  } else {
    answerAuthenticated(origin, connection, command, reply);
  }
}

function hello(
  origin: FakeOrigin,
  connection: OriginConnection,
  command: OriginCommand,
  reply: RespWriter,
  speak: (version: 2 | 3) => RespWriter,
): void {
  if (command[2] === "AUTH" && !authenticate(origin, connection, command[3]!, command[4]!)) {
    reply.error("WRONGPASS invalid username-password pair or user is disabled.");
  } else if (!connection.isAuthenticated) {
    reply.error("NOAUTH HELLO must be called with the client already authenticated");
  } else {
    const writer = speak(Number(command[1]) as 2 | 3);
    const { version } = origin.options;
    writer.map(version === undefined ? 1 : 2);
    writer.bulkText("server");
    writer.bulkText(version === undefined ? "fake" : "redis");
    if (version === undefined) return;
    writer.bulkText("version");
    writer.bulkText(version);
  }
}

function authenticate(
  origin: FakeOrigin,
  connection: OriginConnection,
  user: string,
  password: string,
): boolean {
  const { options } = origin;
  if (options.password !== undefined) {
    if (user !== (options.user ?? "default") || password !== options.password) return false;
  }
  connection.isAuthenticated = true;
  return true;
}

function answerAuthenticated(
  origin: FakeOrigin,
  connection: OriginConnection,
  command: OriginCommand,
  reply: RespWriter,
): void {
  const [name, first = "", second = "", ...rest] = command;
  const { values, remainingMs } = origin;
  switch (name) {
    case "PING":
      reply.status("PONG");
      return;
    case "GET": {
      if (connection.tracks) connection.trackedKeys.add(first);
      const value = values.get(first);
      if (value === undefined) reply.null();
      else reply.bulk(fromLatin1(value));
      return;
    }
    case "MGET": {
      const keys = [first, second, ...rest].slice(0, command.length - 1);
      reply.array(keys.length);
      for (const key of keys) answerAuthenticated(origin, connection, ["GET", key], reply);
      return;
    }
    case "PTTL":
      if (connection.tracks) connection.trackedKeys.add(first);
      reply.integer(values.has(first) ? (remainingMs.get(first) ?? -1) : -2);
      return;
    case "SET":
      values.set(first, second);
      origin.touched(first, connection);
      reply.ok();
      return;
    // A script in the way of a test: EVAL <any> 1 <key> <value> sets the key.
    case "EVAL":
      values.set(rest[0]!, rest[1]!);
      origin.touched(rest[0]!, connection);
      reply.ok();
      return;
    case "DEL":
      reply.integer(values.delete(first) ? 1 : 0);
      origin.touched(first, connection);
      return;
    case "CLIENT":
      if (first.toUpperCase() === "TRACKING") {
        if (origin.options.tracking === false) {
          reply.error("ERR Unknown subcommand or wrong number of arguments for 'TRACKING'. Try CLIENT HELP.");
          return;
        }
        connection.tracks = true;
        connection.noLoop = rest.some((word) => word.toUpperCase() === "NOLOOP");
      }
      reply.ok();
      return;
    default:
      reply.ok();
  }
}
