/**
 * The client library: a connection to a glasscache server or proxy, or to any Redis, on Bun and on Node.
 *
 *     await using client = await connect({ port: 8080 });
 *     await client.put("shashank", "softwareEngineer");
 *     const { value, source } = await client.get("shashank"); // "softwareEngineer", "miss"
 */

import { checkKey, checkKeys, checkWord, type Key } from "./arguments.ts";
import type { Answer, Argument, Reply, Source } from "./call.ts";
import { type As, checkAs, decode, type Encoded, encode } from "./codec.ts";
import { type DumpOptions, dumpEntries } from "./dump.ts";
import type { ServerInfo } from "./handshake.ts";
import { checkOptions, checkSignal, type OptionedCall } from "./option-names.ts";
import { type ConnectOptions, checkWholeFrom1, duration, resolveOptions } from "./options.ts";
import { type LoadContext, ReadThrough } from "./read-through.ts";
import { type CallOptions, type ReadOptions, ReconnectingLink } from "./reconnecting-link.ts";
import { type ClientStats, StatsCounter } from "./stats.ts";

export { dumpedBytes } from "../protocol/dumped-bytes.ts";
export { ReplyError } from "../protocol/reply-value.ts";
export type { Key } from "./arguments.ts";
export type { Answer, Argument, Reply, Source } from "./call.ts";
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
export type { CallOptions, ReadOptions } from "./reconnecting-link.ts";
export type { ClientStats } from "./stats.ts";

/** Options of a call that reads or writes values. */
export interface ValueOptions extends CallOptions {
  /**
   * The type of values: text, bytes, or JSON. By default, reading returns text, and writing accepts text and bytes.
   */
  readonly as?: As;
}

export interface PutOptions extends ValueOptions {
  /** Time until the entry expires; a whole number from 1. By default it does not expire. */
  readonly ttlMs?: number;
}

export interface GetOrSetOptions extends PutOptions {
  /**
   * Time that this process has for loading before another one may start; a whole number from 1. A value that takes
   * longer is returned but not stored. If a process dies while it loads, others wait for this time. 10,000 by
   * default.
   */
  readonly leaseMs?: number;
  /** Time to wait while another process loads; then this one loads, too. Twice `leaseMs` by default. */
  readonly waitMs?: number;
}

/** Loads a value. */
export type Load<T> = (context: LoadContext) => T | Promise<T>;

/** The result of `get`. */
export interface Found<T> {
  /** null if the key does not exist. */
  readonly value: T | null;
  /** Where it came from, as a proxy reports it; undefined if a server replied directly. */
  readonly source: Source;
  /** Time since the value was stored in the cache. */
  readonly ageMs?: number;
  /** Time until the value expires there; absent if it does not expire. */
  readonly ttlMs?: number;
}

const NONE = Object.freeze({});
const DEFAULT_LEASE_MS = 10_000;

/**
 * Connects, and resolves once requests can be made.
 * @throws TypeError and RangeError for invalid options; ConnectError or AuthenticationError; the signal's reason
 */
export async function connect(options: ConnectOptions = NONE): Promise<Client> {
  return new Client(await ReconnectingLink.open(resolveOptions(options), options.signal));
}

/**
 * A connection to a server, and the calls on it. Calls made without waiting for each other are written together, and
 * take effect in the order in which they were made. When the connection is lost, the client reconnects, and calls
 * wait. Every call rejects with a TypeError for an invalid key, value or option, before anything is sent.
 */
export class Client implements AsyncDisposable {
  readonly #link: ReconnectingLink;
  readonly #counter = new StatsCounter();
  readonly #readThrough: ReadThrough;

  /** Used by `connect`. */
  constructor(link: ReconnectingLink) {
    this.#link = link;
    this.#readThrough = new ReadThrough(link, this.#counter);
  }

  /** The server's description of itself, from the last handshake. */
  get server(): ServerInfo {
    return this.#link.server;
  }

  /** Whether there is a connection now. */
  get isConnected(): boolean {
    return this.#link.isConnected;
  }

  /** `host:port`, as given. */
  get address(): string {
    return this.#link.address;
  }

  /** Calls that wait for a connection or for their reply, and cancelled calls whose reply is still due. */
  get pendingCalls(): number {
    return this.#link.pendingCalls;
  }

  /** Hits, misses, coalesced loads and latencies of this client so far. A copy that does not change. */
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

  /**
   * Reads a value, and reports where it came from.
   * @throws DecodeError if JSON was requested and the value is not JSON
   */
  get<T = unknown>(key: Key, options: ValueOptions & { readonly as: "json" }): Promise<Found<T>>;
  get(key: Key, options: ValueOptions & { readonly as: "bytes" }): Promise<Found<Uint8Array>>;
  get(key: Key, options?: ReadOptions): Promise<Found<string>>;
  async get(key: Key, options: ValueOptions = NONE): Promise<Found<unknown>> {
    checkKey(key);
    checkCall("get", options);
    const { as = "text" } = options;
    const { reply, ...about } = await this.#link.request(["GET", key], options, this.#counter.reads);
    this.#counter.read(reply !== null, about.source);
    return { value: reply === null ? null : decode(reply as Encoded, as), ...about };
  }

  /**
   * Reads several values.
   * @returns the values in the order of the keys; null for a key that does not exist or does not hold a string
   */
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
    const { reply } = await this.#link.request(["MGET", ...keys], options, this.#counter.reads);
    return (reply as (Encoded | null)[]).map((value) => {
      this.#counter.read(value !== null, undefined);
      return value === null ? null : decode(value, as);
    });
  }

  /**
   * Returns the value of a key; if it has none, calls `load` and stores the result. Callers that request one key at
   * the same time share one load: those of this process, and those of other processes, which wait for a lease in the
   * store (`{key}:lease`). If the loader throws or rejects, all callers of this process reject, and nothing is
   * stored. `undefined` is not stored either.
   * @throws the errors of `load`; TypeError for a value that cannot be stored; the errors of `get`
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
      throw new TypeError("load is not a function: getOrSet(key, load, { ttlMs })");
    }
    checkCall("getOrSet", options);
    checkWholeFrom1("ttlMs", options.ttlMs);
    checkWholeFrom1("leaseMs", options.leaseMs);
    const { as = "text", ttlMs, leaseMs = DEFAULT_LEASE_MS, signal } = options;
    const waitMs = duration("waitMs", options.waitMs ?? 2 * leaseMs);
    const timeoutMs = options.timeoutMs ?? this.#link.options.timeoutMs;
    const counter = this.#counter;
    const { clock } = this.#link.options;
    const startedMs = clock.monotonicMs();
    try {
      const { reply, source } = await this.#link.request(["GET", key], options);
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
   * Removes a key. A value that `getOrSet` is loading for it, in any process, is not stored.
   * @returns whether the key existed
   */
  async delete(key: Key, options: CallOptions = NONE): Promise<boolean> {
    checkKey(key);
    checkCall("delete", options);
    this.#readThrough.dropLease(key);
    return (await this.#write(["DEL", key], options)).reply === 1;
  }

  /**
   * Removes keys, as `delete` does.
   * @returns how many existed
   */
  async del(...keys: readonly (Key | readonly Key[])[]): Promise<number> {
    const all = keys.flat();
    for (const key of all) checkKey(key);
    if (all.length === 0) return 0;
    for (const key of all) this.#readThrough.dropLease(key);
    return (await this.#write(["DEL", ...all], NONE)).reply as number;
  }

  /**
   * Makes a key expire after this many seconds, like EXPIRE, or milliseconds: `expire(key, { ttlMs })`.
   * @returns whether the key exists
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
   * Returns all keys that hold a string, with their values, read step by step as they are consumed. Changes made in
   * the meantime may or may not be seen; a Redis may return a key twice.
   * @throws ConnectionLostError if the connection is lost on the way: the position in the dump is lost with it
   */
  dump(options: DumpOptions & { readonly as: "bytes" }): AsyncGenerator<[Uint8Array, Uint8Array], void, void>;
  dump(options?: DumpOptions): AsyncGenerator<[string, string], void, void>;
  dump(options: DumpOptions = NONE): AsyncGenerator<[string | Uint8Array, string | Uint8Array], void, void> {
    checkCall("dump", options);
    checkNoJson("dump", options.as);
    return dumpEntries(this.#link, options);
  }

  /**
   * Sends any other command: `await client.command("TTL", "shashank")`.
   * @throws ReplyError for an error reply; RangeError for a command that cannot be used on this connection
   * (SUBSCRIBE; and MULTI or WATCH unless connected with `reconnect: false`)
   */
  async command(...args: Argument[]): Promise<Reply> {
    const { reply } = await this.#request(args, NONE);
    return reply;
  }

  /**
   * Does the same as `command`, with options, and returns the reply's attributes, too.
   * @throws ConnectionLostError, UnknownOutcomeError, TimeoutError, QueueFullError or ClosedError in addition
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
   * Closes the connection when every call made so far has its reply, and every load of `getOrSet` is stored. Calls
   * without a reply after `graceMs` (the client's `timeoutMs` by default) fail, and so do calls that wait for a
   * connection or for another process's load. Further calls fail.
   */
  async close(graceMs: number = this.#link.options.timeoutMs): Promise<void> {
    duration("graceMs", graceMs);
    await Promise.all([this.#link.close(graceMs), this.#readThrough.close(graceMs)]);
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
    return this.#link.request(args, options);
  }

  /** Sends a command that changes a key; its reply is not a value. */
  #write(args: readonly Argument[], options: CallOptions): Promise<Answer> {
    this.#readThrough.beforeCommand(args);
    return this.#link.request(args, options, this.#counter.writes);
  }
}

/** @throws TypeError for unknown options, or options of the wrong type */
function checkCall(call: OptionedCall, options: CallOptions & { readonly as?: unknown }): void {
  if (options === NONE) return;
  checkOptions(call, options);
  checkAs(options.as);
  checkSignal(options.signal);
}

function checkNoJson(call: string, as: unknown): void {
  if (as === "json") throw new TypeError(`as is "json": ${call} gives "text" or "bytes"`);
}
