import { type Answer, type Argument, Call, CallList, encodable, type Reply } from "./call.ts";
import type { As } from "./codec.ts";
import { checkCommand, isRead } from "./commands.ts";
import {
  ClosedError,
  ConnectError,
  ConnectionLostError,
  QueueFullError,
  TimeoutError,
  UnknownOutcomeError,
} from "./errors.ts";
import { openLink, type ServerInfo } from "./handshake.ts";
import type { Latencies } from "./latencies.ts";
import type { Link, LinkEvents } from "./link.ts";
import { duration, formatAddress, type ResolvedOptions, reconnectDelayMs } from "./options.ts";

export interface CallOptions {
  /** Time limit of this call, including the wait for a connection; 0: no limit. The client's by default. */
  readonly timeoutMs?: number;
  /** Cancels the call: it rejects with the signal's reason. A command that was already sent may still take effect. */
  readonly signal?: AbortSignal;
}

export interface ReadOptions extends CallOptions {
  /** The type of byte strings in the reply: text, decoded as UTF-8 (the default), or bytes. */
  readonly as?: "text" | "bytes";
}

/**
 * The calls to a server: they wait here for a connection, are written in order, and settle. Reconnects when the
 * connection is lost.
 */
export class ReconnectingLink {
  readonly #options: ResolvedOptions;
  readonly #waiting = new CallList();
  #link: Link | undefined;
  #server!: ServerInfo;
  /** Calls that have not settled, and their bytes. */
  #openCalls = 0;
  #openBytes = 0;
  #flushQueued = false;
  #closing: Promise<void> | undefined;
  #isClosed = false;
  /** Why there is no connection. */
  #lastError: Error | undefined;
  #reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  /** Aborts the current attempt to connect. */
  #attempt: AbortController | undefined;
  /** Called when no call is open any more. */
  #idle: (() => void) | undefined;

  /** Number of connections made so far, for code that depends on staying on the same one. */
  connectionCount = 0;

  private constructor(options: ResolvedOptions) {
    this.#options = options;
  }

  /**
   * Connects.
   * @throws ConnectError, AuthenticationError, or the signal's reason
   */
  static async open(options: ResolvedOptions, signal?: AbortSignal): Promise<ReconnectingLink> {
    signal?.throwIfAborted();
    const opened = new ReconnectingLink(options);
    opened.#adopt(...(await openLink(options, signal, opened.#linkEvents())));
    return opened;
  }

  get options(): ResolvedOptions {
    return this.#options;
  }

  /** The server's description of itself, from the last handshake. */
  get server(): ServerInfo {
    return this.#server;
  }

  get isConnected(): boolean {
    return this.#link !== undefined;
  }

  get address(): string {
    return formatAddress(this.#options);
  }

  /** Calls that wait for a connection or for their reply, and cancelled calls whose reply is still due. */
  get pendingCalls(): number {
    return this.#waiting.size + (this.#link?.sentCount ?? 0);
  }

  /**
   * Sends one command, and resolves with its reply. Byte strings in it are text unless bytes are requested.
   * @param latencies receives the time until the reply
   * @throws the errors of `Client.request`
   */
  request(
    args: readonly Argument[],
    options: CallOptions & { readonly as?: As },
    latencies?: Latencies,
  ): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const words = encodable(args);
      checkCommand(words, this.#options.reconnect === false);
      const timeoutMs = duration("timeoutMs", options.timeoutMs ?? this.#options.timeoutMs);
      const { signal } = options;
      signal?.throwIfAborted();
      const startedMs = latencies === undefined ? 0 : this.#options.clock.monotonicMs();
      let timer: ReturnType<typeof setTimeout> | undefined;
      const call = new Call(words, isRead(words), options.as !== "bytes", (answer, error) => {
        clearTimeout(timer);
        signal?.removeEventListener("abort", aborted);
        this.#onSettled(call);
        if (answer === undefined) {
          reject(error);
          return;
        }
        if (latencies !== undefined && this.#link !== undefined) {
          // The time at which its reply arrived, without reading the clock again.
          latencies.add(this.#link.lastReceivedMs - startedMs);
        }
        resolve(answer);
      });
      const aborted = () => call.fail(signal?.reason);
      this.#admit(call);
      if (timeoutMs > 0) timer = setTimeout(() => this.#timedOut(call, timeoutMs), timeoutMs);
      signal?.addEventListener("abort", aborted);
    });
  }

  /** Ends when every call made so far has its reply, or after `graceMs`. Further calls fail. */
  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    if (this.#link !== undefined) await this.#whenIdle(graceMs);
    this.#finish(new ClosedError(`the client of ${this.address} was closed`));
  }

  /** @returns a promise that resolves when no call is in progress, or after `graceMs` */
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

  /** Makes no further connection: fails all calls that still wait. */
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

  /** Accepts a call, or throws the error to refuse it with. */
  #admit(call: Call): void {
    if (this.#closing !== undefined) throw new ClosedError(`the client of ${this.address} was closed`);
    if (this.#isClosed) throw this.#lastError;
    const { maxPendingCalls, maxPendingBytes } = this.#options;
    if (this.pendingCalls >= maxPendingCalls) {
      throw new QueueFullError(`${this.pendingCalls} calls are waiting already (maxPendingCalls)`);
    }
    if (this.#openBytes + call.sizeBytes > maxPendingBytes) {
      const waiting = `${this.#openBytes} bytes are waiting already`;
      throw new QueueFullError(`${waiting}, and ${call.sizeBytes} more exceed maxPendingBytes`);
    }
    this.#openCalls++;
    this.#openBytes += call.sizeBytes;
    this.#waiting.push(call);
    this.#queueFlush();
  }

  /**
   * Groups calls made together into one write: in a microtask if no call is in progress, otherwise at the end of this
   * turn of the event loop. So a caller that awaits something between two calls does not write each alone.
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

  /** Accounts for a call that has its answer or was cancelled. */
  #onSettled(call: Call): void {
    this.#openCalls--;
    this.#openBytes -= call.sizeBytes;
    // A sent call stays in the list of its link, so that its reply is not taken for another call's.
    if (!call.sent) this.#waiting.remove(call);
    this.#checkIdle();
  }

  #timedOut(call: Call, timeoutMs: number): void {
    const where = this.address;
    if (!call.sent) {
      const error = this.#lastError;
      const message = this.isConnected
        ? `not sent to ${where} within ${timeoutMs} ms: it accepts no more requests`
        : `no connection to ${where} within ${timeoutMs} ms${error === undefined ? "" : `: ${error.message}`}`;
      call.fail(new TimeoutError(message, false, error));
      return;
    }
    const outcome = call.isRead ? "" : "; whether it took effect is unknown";
    call.fail(new TimeoutError(`no reply from ${where} within ${timeoutMs} ms${outcome}`, !call.isRead));
    this.#checkSilence(call);
  }

  /** Closes a connection as dead if replies were overdue and nothing has arrived for long. */
  #checkSilence(call: Call): void {
    const link = this.#link;
    if (link === undefined) return;
    const since = Math.max(link.lastReceivedMs, call.sentAtMs);
    const silentMs = this.#options.clock.monotonicMs() - since;
    if (silentMs >= this.#options.silenceMs) {
      link.destroy(new Error(`nothing arrived from ${this.address} for ${Math.round(silentMs)} ms`));
    }
  }

  #linkEvents(): LinkEvents {
    return {
      drained: () => this.#flush(),
      pushed: ({ kind, items }) => this.#options.onEvent({ type: "push", kind, items: items as Reply[] }),
      ended: (error, unanswered) => this.#lost(error, unanswered),
    };
  }

  #adopt(link: Link, server: ServerInfo): void {
    this.#link = link;
    this.#server = server;
    this.connectionCount++;
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
    // From last to first: each is put in front, so they keep their order.
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
