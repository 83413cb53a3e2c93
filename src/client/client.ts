/**
 * The client library: a connection to a glasscache server or proxy, or to any Redis, on Bun and on Node.
 *
 *     await using client = await connect({ port: 8080 });
 *     await client.put("shashank", "softwareEngineer");
 *     const { value, source } = await client.get("shashank"); // "softwareEngineer", "miss"
 */

import { type Answer, type Argument, Call, CallList, encodable, type Reply, type Source } from "./call.ts";
import { checkCommand, isRead } from "./commands.ts";
import { type DumpOptions, dumpEntries } from "./dump.ts";
import {
  ClosedError,
  ConnectError,
  ConnectionLostError,
  QueueFullError,
  TimeoutError,
  UnknownOutcomeError,
} from "./errors.ts";
import { openLink, type ServerInfo } from "./handshake.ts";
import type { Link, LinkEvents } from "./link.ts";
import {
  type ConnectOptions,
  duration,
  formatAddress,
  type ResolvedOptions,
  reconnectDelayMs,
  resolveOptions,
} from "./options.ts";

export { ReplyError } from "../protocol/reply-value.ts";
export type { Answer, Argument, Reply, Source } from "./call.ts";
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

export interface CallOptions {
  /** Time this call may take, waiting for a connection included; 0 is no bound. The client's by default. */
  readonly timeoutMs?: number;
  /** Gives the call up: it rejects with the signal's reason. What was sent already may still take effect. */
  readonly signal?: AbortSignal;
}

export interface ReadOptions extends CallOptions {
  /** What byte strings become: text, read as UTF-8 (the default), or bytes. */
  readonly as?: "text" | "bytes";
}

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
  return Client.connect(resolveOptions(options), options.signal);
}

/**
 * A connection and what is on its way over it. Calls made without waiting for each other are written together, and
 * take effect in the order they were made. When the connection is lost another one is made; calls wait for it.
 */
export class Client implements AsyncDisposable {
  readonly #options: ResolvedOptions;
  readonly #waiting = new CallList();
  #link: Link | undefined;
  #server!: ServerInfo;
  /** Calls that have not settled, and their bytes. */
  #openCalls = 0;
  #openBytes = 0;
  #flushQueued = false;
  /** Counts connections: what must happen on one only can tell. */
  #connectionCount = 0;
  #closing: Promise<void> | undefined;
  #isClosed = false;
  /** Why there is no connection. */
  #lastError: Error | undefined;
  #reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  /** Gives up the attempt to connect that is under way. */
  #attempt: AbortController | undefined;
  /** Called once no call is open any more. */
  #idle: (() => void) | undefined;

  private constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  /** As the function `connect`. */
  static async connect(options: ResolvedOptions, signal?: AbortSignal): Promise<Client> {
    signal?.throwIfAborted();
    const client = new Client(options);
    client.#adopt(...(await openLink(options, signal, client.#linkEvents())));
    return client;
  }

  /** Who answers, as told when the connection was made. */
  get server(): ServerInfo {
    return this.#server;
  }

  /** Whether there is a connection right now. */
  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  /** `host:port`, as given. */
  get address(): string {
    return formatAddress(this.#options);
  }

  /** Calls that wait for a connection or for their reply, and those given up whose reply is still due. */
  get pendingCalls(): number {
    return this.#waiting.size + (this.#link?.sentCount ?? 0);
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
    return dumpEntries(this, () => this.#connectionCount, options);
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

  /** As `command`, with options, and with what was said about the reply. */
  request(args: readonly Argument[], options: ReadOptions = {}): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const words = encodable(args);
      checkCommand(words, this.#options.reconnect === false);
      const timeoutMs = duration("timeoutMs", options.timeoutMs ?? this.#options.timeoutMs);
      const { signal } = options;
      signal?.throwIfAborted();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const call = new Call(words, isRead(words), options.as !== "bytes", (answer, error) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
        this.#settled(call);
        if (answer === undefined) reject(error);
        else resolve(answer);
      });
      const aborted = () => call.fail(signal?.reason);
      this.#admit(call);
      if (timeoutMs > 0) timer = setTimeout(() => this.#timedOut(call, timeoutMs), timeoutMs);
      signal?.addEventListener("abort", aborted);
    });
  }

  /**
   * Ends the connection once every call made so far has its reply. Calls without a reply after `graceMs` (the
   * client's `timeoutMs` by default) fail, and so do those that wait for a connection. Further calls fail.
   */
  close(graceMs: number = this.#options.timeoutMs): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(graceMs: number): Promise<void> {
    if (this.#link !== undefined) await this.#whenIdle(graceMs);
    this.#finish(new ClosedError(`the client of ${this.address} was closed`));
  }

  /** @returns when nothing is on its way any more, or after `graceMs` */
  #whenIdle(graceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, graceMs);
      this.#idle = () => {
        clearTimeout(timer);
        resolve();
      };
      this.#checkIdle();
    });
  }

  #checkIdle(): void {
    if (this.#openCalls === 0) this.#idle?.();
  }

  /** No further connection: what still waits fails. */
  #finish(error: Error): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#lastError = error;
    clearTimeout(this.#reconnectTimer);
    this.#attempt?.abort(error);
    const link = this.#link;
    if (link !== undefined) {
      if (link.sentCount === 0) {
        this.#link = undefined;
        link.close();
      } else {
        link.destroy(error);
      }
    }
    for (let call = this.#waiting.first; call !== undefined; call = this.#waiting.first) call.fail(error);
    this.#options.onEvent({ type: "closed" });
  }

  /** Takes a call in, or throws what it is to be refused with. */
  #admit(call: Call): void {
    if (this.#closing !== undefined) throw new ClosedError(`the client of ${this.address} was closed`);
    if (this.#isClosed) throw this.#lastError;
    const { maxPendingCalls, maxPendingBytes } = this.#options;
    if (this.pendingCalls >= maxPendingCalls) {
      throw new QueueFullError(`${this.pendingCalls} calls wait already (maxPendingCalls)`);
    }
    if (this.#openBytes + call.sizeBytes > maxPendingBytes) {
      const waiting = `${this.#openBytes} bytes wait already`;
      throw new QueueFullError(`${waiting}, and ${call.sizeBytes} more are beyond maxPendingBytes`);
    }
    this.#openCalls++;
    this.#openBytes += call.sizeBytes;
    this.#waiting.push(call);
    this.#queueFlush();
  }

  /**
   * Has calls that are made together written together: at once where nothing is on its way, else at the end of
   * this turn of the event loop, so that a caller who awaits something between two calls does not write each alone.
   */
  #queueFlush(): void {
    const link = this.#link;
    if (this.#flushQueued || link === undefined) return;
    this.#flushQueued = true;
    const flush = () => {
      this.#flushQueued = false;
      this.#flush();
    };
    if (link.sentCount === 0) queueMicrotask(flush);
    else setImmediate(flush);
  }

  #flush(): void {
    const link = this.#link;
    if (link === undefined) return;
    for (let call = this.#waiting.first; call !== undefined && link.isWritable; call = this.#waiting.first) {
      this.#waiting.remove(call);
      link.write(call);
    }
    link.flush();
  }

  /** A call has its answer, or has been given up. */
  #settled(call: Call): void {
    this.#openCalls--;
    this.#openBytes -= call.sizeBytes;
    // One that was sent stays in its place, so that its reply is not taken for another's.
    if (!call.sent) this.#waiting.remove(call);
    this.#checkIdle();
  }

  #timedOut(call: Call, timeoutMs: number): void {
    const where = this.address;
    if (!call.sent) {
      const error = this.#lastError;
      const message = this.isConnected
        ? `not sent to ${where} within ${timeoutMs} ms: it does not take more requests`
        : `no connection to ${where} within ${timeoutMs} ms${error === undefined ? "" : `: ${error.message}`}`;
      call.fail(new TimeoutError(message, false, error));
      return;
    }
    const outcome = call.isRead ? "" : "; whether it took effect is unknown";
    call.fail(new TimeoutError(`no reply from ${where} within ${timeoutMs} ms${outcome}`, !call.isRead));
    this.#checkSilence(call);
  }

  /** A connection that has been silent for long while replies were overdue is taken for dead. */
  #checkSilence(call: Call): void {
    const link = this.#link;
    if (link === undefined) return;
    const since = Math.max(link.lastReceivedMs, call.sentAtMs);
    const silentMs = this.#options.clock.monotonicMs() - since;
    if (silentMs >= this.#options.silenceMs) {
      link.destroy(new Error(`nothing came from ${this.address} for ${Math.round(silentMs)} ms`));
    }
  }

  #linkEvents(): LinkEvents {
    return {
      drained: () => this.#flush(),
      pushed: ({ kind, items }) => this.#options.onEvent({ type: "push", kind, items }),
      ended: (error, unanswered) => this.#lost(error, unanswered),
    };
  }

  #adopt(link: Link, server: ServerInfo): void {
    this.#link = link;
    this.#server = server;
    this.#connectionCount++;
    this.#lastError = undefined;
    this.#options.onEvent({ type: "connected" });
    this.#flush();
  }

  #lost(cause: Error, unanswered: readonly Call[]): void {
    const { reconnect, retryReads } = this.#options;
    this.#link = undefined;
    const goesOn = reconnect !== false && this.#closing === undefined && !this.#isClosed;
    const what = `connection to ${this.address} lost: ${cause.message}`;
    const lost = new ConnectionLostError(what, { cause });
    const unknown = `${what}; whether the request took effect is unknown`;
    // From the last to the first, so that what is put in front comes to lie in its old order.
    for (const call of [...unanswered].reverse()) {
      if (call.settled) continue;
      if (goesOn && retryReads && call.isRead && !call.retried) {
        call.retried = true;
        call.sent = false;
        this.#waiting.unshift(call);
      } else {
        call.fail(call.isRead ? lost : new UnknownOutcomeError(unknown, { cause }));
      }
    }
    this.#options.onEvent({ type: "disconnected", error: lost });
    if (goesOn) this.#reconnectLater(0, lost);
    else this.#finish(lost);
  }

  #reconnectLater(attempt: number, error: Error): void {
    const { reconnect, random, onEvent } = this.#options;
    if (reconnect === false || this.#isClosed) return;
    this.#lastError = error;
    if (attempt >= reconnect.maxAttempts) {
      this.#finish(new ConnectError(`gave up after ${attempt} attempts: ${error.message}`, "", error));
      return;
    }
    const delayMs = reconnectDelayMs(reconnect, attempt, random);
    this.#reconnectTimer = setTimeout(() => this.#reconnect(attempt), delayMs);
    onEvent({ type: "reconnecting", attempt, delayMs, error });
  }

  async #reconnect(attempt: number): Promise<void> {
    const controller = new AbortController();
    this.#attempt = controller;
    try {
      const [link, server] = await openLink(this.#options, controller.signal, this.#linkEvents());
      if (this.#isClosed) link.close();
      else this.#adopt(link, server);
    } catch (error) {
      this.#reconnectLater(attempt + 1, error as Error);
    } finally {
      this.#attempt = undefined;
    }
  }
}
