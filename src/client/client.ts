/**
 * The client library: a connection to a glasscache server or proxy, or to any Redis, on Bun and on Node.
 *
 *     await using client = await connect({ port: 8080 });
 *     await client.put("shashank", "softwareEngineer");
 *     const { value, source } = await client.get("shashank"); // "softwareEngineer", "miss"
 */

import type { Answer, Argument, Reply, Source } from "./call.ts";
import { type CallOptions, Channel, type ReadOptions } from "./channel.ts";
import { type DumpOptions, dumpEntries } from "./dump.ts";
import type { ServerInfo } from "./handshake.ts";
import { type ConnectOptions, resolveOptions } from "./options.ts";

export { dumpedBytes } from "../protocol/dumped-bytes.ts";
export { ReplyError } from "../protocol/reply-value.ts";
export type { Answer, Argument, Reply, Source } from "./call.ts";
export type { CallOptions, ReadOptions } from "./channel.ts";
export type { DumpOptions } from "./dump.ts";
export {
  AuthenticationError,
  ClosedError,
  ConnectError,
  ConnectionLostError,
  QueueFullError,
  TimeoutError,
  UnknownOutcomeError,
} from "./errors.ts";
export type { ServerInfo } from "./handshake.ts";
export type { ClientEvent, ConnectOptions, ReconnectPolicy } from "./options.ts";

export interface PutOptions extends CallOptions {
  /** The entry expires so many milliseconds from now; a whole number from 1. It stays for ever by default. */
  readonly ttlMs?: number;
}

/** What `get` found. */
export interface Found<T> {
  /** null when there is no such key. */
  readonly value: T | null;
  /** Where it came from, as a proxy tells; undefined when asked of a server directly. */
  readonly source: Source;
  /** How long the value has been in the cache. */
  readonly ageMs?: number;
  /** How long the value may stay there; absent for one that does not expire. */
  readonly ttlMs?: number;
}

/**
 * Connects, and resolves once requests can be made.
 * @throws RangeError for options that cannot be; ConnectError or AuthenticationError; the signal's reason
 */
export async function connect(options: ConnectOptions = {}): Promise<Client> {
  return new Client(await Channel.open(resolveOptions(options), options.signal));
}

/**
 * A connection and what is on its way over it. Calls made without waiting for each other are written together, and
 * take effect in the order they were made. When the connection is lost another one is made; calls wait for it.
 */
export class Client implements AsyncDisposable {
  readonly #channel: Channel;

  /** `connect` makes clients. */
  constructor(channel: Channel) {
    this.#channel = channel;
  }

  /** Who answers, as told when the connection was made. */
  get server(): ServerInfo {
    return this.#channel.server;
  }

  /** Whether there is a connection right now. */
  get isConnected(): boolean {
    return this.#channel.isConnected;
  }

  /** `host:port`, as given. */
  get address(): string {
    return this.#channel.address;
  }

  /** Calls that wait for a connection or for their reply, and those given up whose reply is still due. */
  get pendingCalls(): number {
    return this.#channel.pendingCalls;
  }

  /** Stores or replaces a value. */
  async put(key: string | Uint8Array, value: string | Uint8Array, options: PutOptions = {}): Promise<void> {
    const args: Argument[] = ["SET", key, value];
    const { ttlMs } = options;
    if (ttlMs !== undefined) {
      if (!(Number.isSafeInteger(ttlMs) && ttlMs >= 1)) {
        throw new RangeError(`ttlMs: ${ttlMs} is not a whole number from 1`);
      }
      args.push("PX", ttlMs);
    }
    await this.request(args, options);
  }

  /** Reads a value, and where it came from. */
  get(key: string | Uint8Array, options: ReadOptions & { readonly as: "bytes" }): Promise<Found<Uint8Array>>;
  get(key: string | Uint8Array, options?: ReadOptions): Promise<Found<string>>;
  async get(key: string | Uint8Array, options: ReadOptions = {}): Promise<Found<string | Uint8Array>> {
    const { reply, ...about } = await this.request(["GET", key], options);
    return { value: reply as string | Uint8Array | null, ...about };
  }

  /** Removes a key. @returns whether there was one */
  async delete(key: string | Uint8Array, options: CallOptions = {}): Promise<boolean> {
    const { reply } = await this.request(["DEL", key], options);
    return reply === 1;
  }

  /**
   * All keys that have a text as their value, with it, read step by step as they are consumed. What changes
   * meanwhile may or may not be seen; a Redis may tell a key twice.
   * @throws ConnectionLostError when the connection is lost on the way: where to go on from is lost with it
   */
  dump(options: DumpOptions & { readonly as: "bytes" }): AsyncGenerator<[Uint8Array, Uint8Array], void, void>;
  dump(options?: DumpOptions): AsyncGenerator<[string, string], void, void>;
  dump(options: DumpOptions = {}): AsyncGenerator<[string | Uint8Array, string | Uint8Array], void, void> {
    return dumpEntries(this.#channel, options);
  }

  /**
   * Any other command: `await client.command("TTL", "shashank")`.
   * @throws ReplyError when it is answered by an error; RangeError for one that does not fit a connection like
   * this (SUBSCRIBE; and MULTI or WATCH unless connected with `reconnect: false`)
   */
  async command(...args: Argument[]): Promise<Reply> {
    const { reply } = await this.request(args);
    return reply;
  }

  /**
   * As `command`, with options, and with what was said about the reply.
   * @throws ConnectionLostError, UnknownOutcomeError, TimeoutError, QueueFullError or ClosedError, besides
   */
  request(args: readonly Argument[], options: ReadOptions = {}): Promise<Answer> {
    return this.#channel.request(args, options);
  }

  /**
   * Ends the connection once every call made so far has its reply. Calls without a reply after `graceMs` (the
   * client's `timeoutMs` by default) fail, and so do those that wait for a connection. Further calls fail.
   */
  close(graceMs: number = this.#channel.options.timeoutMs): Promise<void> {
    return this.#channel.close(graceMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
