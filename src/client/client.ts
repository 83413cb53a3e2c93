/**
 * The client library: a connection to a glasscache server or proxy, or to any Redis, on Bun and on Node.
 *
 *     await using client = await connect({ port: 8080 });
 *     await client.put("shashank", "softwareEngineer");
 *     const { value, source } = await client.get("shashank"); // "softwareEngineer", "miss"
 */

import { checkKey, checkKeys, checkWord, type Key } from "./arguments.ts";
import type { Answer, Argument, Reply, Source } from "./call.ts";
import { type CallOptions, Channel, type ReadOptions } from "./channel.ts";
import { type As, checkAs, decode, type Encoded, encode } from "./codec.ts";
import { type DumpOptions, dumpEntries } from "./dump.ts";
import type { ServerInfo } from "./handshake.ts";
import { checkOptions, checkSignal, type OptionedCall } from "./option-names.ts";
import { type ConnectOptions, checkWholeFrom1, duration, resolveOptions } from "./options.ts";
import { type LoadContext, ReadThrough } from "./read-through.ts";
import { type ClientStats, StatsCounter } from "./stats.ts";

export { dumpedBytes } from "../protocol/dumped-bytes.ts";
export { ReplyError } from "../protocol/reply-value.ts";
export type { Key } from "./arguments.ts";
export type { Answer, Argument, Reply, Source } from "./call.ts";
export type { CallOptions, ReadOptions } from "./channel.ts";
export type { As } from "./codec.ts";
export type { DumpOptions } from "./dump.ts";
export {
  AuthenticationError,
  ClosedError,
  ConnectError,
  ConnectionLostError,
  DecodeError,
  QueueFullError,
  TimeoutError,
  UnknownOutcomeError,
} from "./errors.ts";
export type { ServerInfo } from "./handshake.ts";
export type { LatencySummary } from "./latencies.ts";
export type { ClientEvent, ConnectOptions, NotStoredReason, ReconnectPolicy } from "./options.ts";
export type { LoadContext } from "./read-through.ts";
export type { ClientStats } from "./stats.ts";

/** Options of a call that reads or writes values. */
export interface ValueOptions extends CallOptions {
  /**
   * What values are here: text, bytes, or anything that JSON can express. Reading gives text by default; writing
   * takes text and bytes by default.
   */
  readonly as?: As;
}

export interface PutOptions extends ValueOptions {
  /** The entry expires so many milliseconds from now; a whole number from 1. It stays for ever by default. */
  readonly ttlMs?: number;
}

export interface GetOrSetOptions extends PutOptions {
  /**
   * How long this process may load before another one may begin to; a whole number from 1. A value that takes longer
   * is returned and not stored. When a process dies while it loads, the others wait for so long. 10,000 by default.
   */
  readonly leaseMs?: number;
  /** How long to wait while another process loads; then this one loads by itself. Twice `leaseMs` by default. */
  readonly waitMs?: number;
}

/** Makes a value. */
export type Load<T> = (context: LoadContext) => T | Promise<T>;

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

const NONE = Object.freeze({});
const DEFAULT_LEASE_MS = 10_000;

/**
 * Connects, and resolves once requests can be made.
 * @throws TypeError and RangeError for options that cannot be; ConnectError or AuthenticationError; the signal's
 * reason
 */
export async function connect(options: ConnectOptions = NONE): Promise<Client> {
  return new Client(await Channel.open(resolveOptions(options), options.signal));
}

/**
 * A connection and what is on its way over it. Calls made without waiting for each other are written together, and
 * take effect in the order they were made. When the connection is lost another one is made; calls wait for it.
 *
 * Every call rejects with a TypeError for a key, a value or an option that cannot be, before anything is sent.
 */
export class Client implements AsyncDisposable {
  readonly #channel: Channel;
  readonly #counter = new StatsCounter();
  readonly #readThrough: ReadThrough;

  /** `connect` makes clients. */
  constructor(channel: Channel) {
    this.#channel = channel;
    this.#readThrough = new ReadThrough(channel, this.#counter);
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

  /** What this client has seen so far: hits, misses, coalesced loads, latencies. A copy that stays as it is. */
  get stats(): ClientStats {
    return this.#counter.snapshot();
  }

  /** Stores or replaces a value. */
  put(key: Key, value: unknown, options: PutOptions & { readonly as: "json" }): Promise<void>;
  put(key: Key, value: string | Uint8Array, options?: PutOptions): Promise<void>;
  async put(key: Key, value: unknown, options: PutOptions = NONE): Promise<void> {
    await this.#put("put", key, value, options);
  }

  /** The same as `put`. */
  set(key: Key, value: unknown, options: PutOptions & { readonly as: "json" }): Promise<void>;
  set(key: Key, value: string | Uint8Array, options?: PutOptions): Promise<void>;
  async set(key: Key, value: unknown, options: PutOptions = NONE): Promise<void> {
    await this.#put("set", key, value, options);
  }

  /** Reads a value, and where it came from. @throws DecodeError for one that is no JSON where that was asked for */
  get<T = unknown>(key: Key, options: ValueOptions & { readonly as: "json" }): Promise<Found<T>>;
  get(key: Key, options: ValueOptions & { readonly as: "bytes" }): Promise<Found<Uint8Array>>;
  get(key: Key, options?: ReadOptions): Promise<Found<string>>;
  async get(key: Key, options: ValueOptions = NONE): Promise<Found<unknown>> {
    checkKey(key);
    checkCall("get", options);
    const { as = "text" } = options;
    const { reply, ...about } = await this.#channel.request(["GET", key], options, this.#counter.reads);
    this.#counter.read(reply !== null, about.source);
    return { value: reply === null ? null : decode(reply as Encoded, as), ...about };
  }

  /** Reads values. @returns them in the order of the keys; null for a key that does not exist, or is no text */
  mget<T = unknown>(
    keys: readonly Key[],
    options: ValueOptions & { readonly as: "json" },
  ): Promise<(T | null)[]>;
  mget(
    keys: readonly Key[],
    options: ValueOptions & { readonly as: "bytes" },
  ): Promise<(Uint8Array | null)[]>;
  mget(keys: readonly Key[], options?: ReadOptions): Promise<(string | null)[]>;
  async mget(keys: readonly Key[], options: ValueOptions = NONE): Promise<unknown[]> {
    checkKeys(keys, "mget");
    checkCall("mget", options);
    if (keys.length === 0) return [];
    const { as = "text" } = options;
    const { reply } = await this.#channel.request(["MGET", ...keys], options, this.#counter.reads);
    return (reply as (Encoded | null)[]).map((value) => {
      this.#counter.read(value !== null, undefined);
      return value === null ? null : decode(value, as);
    });
  }

  /**
   * The value of a key; where it has none, what `load` makes, which is stored. Callers who ask for one key at the
   * same time share one load: those of this process, and those of other processes too, which wait for a lease in the
   * store (`{key}:lease`). A loader that throws or rejects makes all callers of this process reject, and nothing is
   * stored; nor is `undefined`.
   * @throws what `load` throws; TypeError for a value that cannot be stored; else as `get`
   */
  getOrSet<T>(key: Key, load: Load<T>, options: GetOrSetOptions & { readonly as: "json" }): Promise<T>;
  getOrSet(
    key: Key,
    load: Load<Uint8Array>,
    options: GetOrSetOptions & { readonly as: "bytes" },
  ): Promise<Uint8Array>;
  getOrSet(
    key: Key,
    load: Load<Uint8Array | undefined>,
    options: GetOrSetOptions & { readonly as: "bytes" },
  ): Promise<Uint8Array | undefined>;
  getOrSet(key: Key, load: Load<string>, options?: GetOrSetOptions & ReadOptions): Promise<string>;
  getOrSet(
    key: Key,
    load: Load<string | undefined>,
    options?: GetOrSetOptions & ReadOptions,
  ): Promise<string | undefined>;
  async getOrSet(key: Key, load: Load<unknown>, options: GetOrSetOptions = NONE): Promise<unknown> {
    checkKey(key);
    if (typeof load !== "function") {
      throw new TypeError("load is no function: getOrSet(key, load, { ttlMs })");
    }
    checkCall("getOrSet", options);
    checkWholeFrom1("ttlMs", options.ttlMs);
    checkWholeFrom1("leaseMs", options.leaseMs);
    const { as = "text", ttlMs, leaseMs = DEFAULT_LEASE_MS, signal } = options;
    const waitMs = duration("waitMs", options.waitMs ?? 2 * leaseMs);
    const timeoutMs = options.timeoutMs ?? this.#channel.options.timeoutMs;
    const counter = this.#counter;
    const { clock } = this.#channel.options;
    const startedMs = clock.monotonicMs();
    try {
      const { reply, source } = await this.#channel.request(["GET", key], options);
      counter.told(source);
      if (reply !== null) {
        counter.hits++;
        return decode(reply as Encoded, as);
      }
      return await this.#readThrough.load(key, load, { as, ttlMs, leaseMs, waitMs, timeoutMs }, signal);
    } finally {
      counter.getOrSets.add(clock.monotonicMs() - startedMs);
    }
  }

  /**
   * Removes a key. A value that `getOrSet` is loading for it, in any process, is not stored any more.
   * @returns whether there was one
   */
  async delete(key: Key, options: CallOptions = NONE): Promise<boolean> {
    checkKey(key);
    checkCall("delete", options);
    this.#readThrough.dropLease(key);
    return (await this.#write(["DEL", key], options)).reply === 1;
  }

  /** Removes keys, as `delete` does. @returns how many there were */
  async del(...keys: readonly (Key | readonly Key[])[]): Promise<number> {
    const all = keys.flat();
    for (const key of all) checkKey(key);
    if (all.length === 0) return 0;
    for (const key of all) this.#readThrough.dropLease(key);
    return (await this.#write(["DEL", ...all], NONE)).reply as number;
  }

  /**
   * Has a key expire so many seconds from now, as EXPIRE does, or so many milliseconds: `expire(key, { ttlMs })`.
   * @returns whether there is such a key
   */
  async expire(
    key: Key,
    time: number | (CallOptions & { readonly ttlMs: number }),
    options: CallOptions = NONE,
  ): Promise<boolean> {
    checkKey(key);
    if (typeof time === "number") {
      checkCall("expire", options);
      checkWholeFrom1("the seconds", time);
      return (await this.#write(["EXPIRE", key, time], options)).reply === 1;
    }
    if (time === undefined) throw new TypeError("expire(key, seconds) or expire(key, { ttlMs })");
    checkCall("expire", time);
    if (time.ttlMs === undefined) throw new TypeError("expire(key, seconds) or expire(key, { ttlMs })");
    checkWholeFrom1("ttlMs", time.ttlMs);
    return (await this.#write(["PEXPIRE", key, time.ttlMs], time)).reply === 1;
  }

  /**
   * All keys that have a text as their value, with it, read step by step as they are consumed. What changes
   * meanwhile may or may not be seen; a Redis may tell a key twice.
   * @throws ConnectionLostError when the connection is lost on the way: where to go on from is lost with it
   */
  dump(options: DumpOptions & { readonly as: "bytes" }): AsyncGenerator<[Uint8Array, Uint8Array], void, void>;
  dump(options?: DumpOptions): AsyncGenerator<[string, string], void, void>;
  dump(options: DumpOptions = NONE): AsyncGenerator<[string | Uint8Array, string | Uint8Array], void, void> {
    checkCall("dump", options);
    checkNoJson("dump", options.as);
    return dumpEntries(this.#channel, options);
  }

  /**
   * Any other command: `await client.command("TTL", "shashank")`.
   * @throws ReplyError when it is answered by an error; RangeError for one that does not fit a connection like
   * this (SUBSCRIBE; and MULTI or WATCH unless connected with `reconnect: false`)
   */
  async command(...args: Argument[]): Promise<Reply> {
    const { reply } = await this.#request(args, NONE);
    return reply;
  }

  /**
   * As `command`, with options, and with what was said about the reply.
   * @throws ConnectionLostError, UnknownOutcomeError, TimeoutError, QueueFullError or ClosedError, besides
   */
  async request(args: readonly Argument[], options: ReadOptions = NONE): Promise<Answer> {
    if (!Array.isArray(args)) {
      throw new TypeError('request takes the words as one array: request(["TTL", "shashank"])');
    }
    checkCall("request", options);
    checkNoJson("request", options.as);
    return this.#request(args, options);
  }

  /**
   * Ends the connection once every call made so far has its reply, and every load of `getOrSet` is stored. Calls
   * without a reply after `graceMs` (the client's `timeoutMs` by default) fail, and so do those that wait for a
   * connection or for another process's load. Further calls fail.
   */
  async close(graceMs: number = this.#channel.options.timeoutMs): Promise<void> {
    duration("graceMs", graceMs);
    await Promise.all([this.#channel.close(graceMs), this.#readThrough.close(graceMs)]);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #put(call: "put" | "set", key: Key, value: unknown, options: PutOptions): Promise<Answer> {
    checkKey(key);
    checkCall(call, options);
    const { ttlMs, as } = options;
    checkWholeFrom1("ttlMs", ttlMs);
    const args: Argument[] = ["SET", key, encode(value, as)];
    if (ttlMs !== undefined) args.push("PX", ttlMs);
    return this.#write(args, options);
  }

  #request(args: readonly Argument[], options: ReadOptions): Promise<Answer> {
    for (const [index, word] of args.entries()) checkWord(word, index, args);
    this.#readThrough.beforeCommand(args);
    return this.#channel.request(args, options);
  }

  /** A command that changes a key; its reply is no value. */
  #write(args: readonly Argument[], options: CallOptions): Promise<Answer> {
    this.#readThrough.beforeCommand(args);
    return this.#channel.request(args, options, this.#counter.writes);
  }
}

/** @throws TypeError for options that there are not, or that are of the wrong type */
function checkCall(call: OptionedCall, options: CallOptions & { readonly as?: unknown }): void {
  if (options === NONE) return;
  checkOptions(call, options);
  checkAs(options.as);
  checkSignal(options.signal);
}

function checkNoJson(call: string, as: unknown): void {
  if (as === "json") throw new TypeError(`as is "json": ${call} gives "text" or "bytes"`);
}
