import type { User } from "../commands/acl/user.ts";
import type { Client } from "../commands/client.ts";
import { FULL_READ_BYTES } from "../lib/large-value.ts";
import { Backpressure } from "./backpressure.ts";
import { ClientFacts } from "./client-facts.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { LAST_REPLIES_MS, LINGER_MS } from "./limits.ts";
import { type RepliedConnection, Replies } from "./replies.ts";
import { RequestInput } from "./request-input.ts";
import { LINE_FEED_HINT, RequestRunner, type RunningConnection } from "./request-runner.ts";
import type { Session } from "./session.ts";
import type { Ticket } from "./ticket.ts";
import type { Wire, WireEvents } from "./wire.ts";

/**
 * What a connection does with the bytes that its client sends:
 *
 * - `reading`: executes requests as they come. Keeps only the beginning of a request in progress.
 * - `stalled`: keeps complete requests, because the session holds the client or too many reply bytes wait.
 * - `resuming`: was stalled and goes on at the end of this turn of the event loop.
 * - `relaying`: passes the bytes on, unparsed.
 * - `closing`: drops the bytes. Closes when all replies have been sent.
 * - `refusing`: the same, but the last reply is an error, and the connection lingers before it closes: closing with
 *   received bytes unread resets a TCP connection, and the client could lose the error.
 * - `lingering`: has closed its own direction. Drops the bytes until the client closes, or for LINGER_MS.
 * - `closed`.
 *
 *     reading → stalled → resuming → reading | stalled
 *     reading | stalled | resuming → relaying
 *     reading | stalled | resuming | relaying → closing → closed
 *     reading | stalled | resuming | relaying | closing → refusing → lingering → closed
 *     any → closed
 */
type Phase =
  | "reading"
  | "stalled"
  | "resuming"
  | "relaying"
  | "closing"
  | "refusing"
  | "lingering"
  | "closed";

type Relay = (bytes: Uint8Array, start: number, end: number) => void;

/**
 * The connection of one client. Executes its requests one after the other and sends the replies. Stops executing while
 * the session holds the client or too many reply bytes wait. Stops reading as well once many received bytes wait.
 */
export class Connection
  extends ClientFacts
  implements Client, RepliedConnection, RunningConnection, WireEvents
{
  session!: Session;
  lastActiveMs: number;
  /**
   * When the current event began to execute (monotonic): all its requests have come by then, and none of its replies
   * has been sent.
   */
  executingSinceMs = 0;
  /** When the requests of the current event came: the same with its fraction. */
  arrivedMs = 0;

  #phase: Phase = "reading";
  /** The client has closed its direction. Its requests are still answered. */
  #inputEnded = false;
  /** How many times the session holds the client. */
  #holds = 0;
  #respVersion: 2 | 3 = 2;
  #relay: Relay | undefined;
  /** Since when the client is unauthenticated, and since when the connection lingers (monotonic). */
  #strangerSinceMs: number;
  #lingeringSinceMs = 0;
  readonly #wire: Wire;
  readonly #host: ConnectionHost;
  readonly #input: RequestInput;
  readonly #replies: Replies;
  readonly #runner: RequestRunner;
  readonly #backpressure: Backpressure;

  constructor(wire: Wire, id: number, host: ConnectionHost) {
    super(id, wire, host.clock.wallMs());
    this.#wire = wire;
    this.#host = host;
    this.#input = new RequestInput(host.timers);
    this.#replies = new Replies(this, wire, host);
    this.#runner = new RequestRunner(this, this.#input, this.#replies, host);
    this.#backpressure = new Backpressure(wire);
    this.lastActiveMs = host.clock.monotonicMs();
    this.#strangerSinceMs = this.lastActiveMs;
  }

  // ---- the loop: bytes come in, requests are executed, replies go out

  received(data: Uint8Array): void {
    const { exactMs, monotonicOf, registry } = this.#host;
    const arrivedMs = exactMs();
    this.lastActiveMs = monotonicOf(arrivedMs);
    registry.bytesReceived += data.length;
    if (this.#phase === "relaying") this.#relay!(data, 0, data.length);
    if (!this.#executes) return;
    const input = this.#input;
    input.heard();
    if (data.length >= FULL_READ_BYTES) this.#backpressure.yieldTurn();
    if (!input.received.isEmpty) {
      if (input.add(data)) this.#executeReceived();
    } else if (this.#mayExecute()) {
      this.executingSinceMs = this.lastActiveMs;
      this.arrivedMs = arrivedMs;
      const done = this.#execute(data, 0, data.length);
      if (done < data.length && this.#executes) input.keep(data, done);
      this.#executed();
    } else {
      input.add(data);
      this.#stall();
    }
  }

  #executeReceived(): void {
    if (!this.#mayExecute()) {
      this.#stall();
      return;
    }
    const { received } = this.#input;
    this.#backpressure.resume();
    this.#executesFrom(this.#host.exactMs());
    received.doneTo(this.#execute(received.bytes, received.start, received.end));
    this.#executed();
  }

  /** Executes the requests in bytes[from, end). @returns the offset behind the last one executed */
  #execute(bytes: Uint8Array, from: number, end: number): number {
    const { codec, limits } = this.#host;
    const { scratch, request } = codec;
    const input = this.#input;
    const runner = this.#runner;
    const { requestCount } = this.#host.registry;
    let start = from;
    this.#phase = "reading";
    if (runner.protocol === "undecided") runner.choose(bytes[start]!);
    let parser = runner.begin();
    scratch.clear(limits.pausedReplyBytes);
    try {
      while (start < end && this.#phase === "reading") {
        if (!this.#mayExecute()) {
          this.#phase = "stalled";
          break;
        }
        if (runner.protocol !== "resp") parser = runner.parserFor(bytes[start]!, parser);
        const next = parser.parse(bytes, start, end, request);
        if (next < 0) break;
        const asks = runner.asks(request, parser, bytes, start, next);
        start = next;
        input.requestEnded(runner.protocol !== "resp");
        if (!asks) continue;
        if (request.isInline) parser = runner.runInline(request, parser);
        else runner.run(request);
        if (scratch.length > limits.pausedReplyBytes) {
          this.#replies.enqueue();
          this.#replies.flush();
        }
      }
    } catch (error) {
      runner.fail(error);
    } finally {
      runner.end(parser);
    }
    this.requestCount += this.#host.registry.requestCount - requestCount;
    return start;
  }

  /** Call after `#execute`, with the rest of the bytes kept. Sends the replies. */
  #executed(): void {
    const input = this.#input;
    if (!this.#executes) input.clear();
    if (input.received.isEmpty) {
      input.startedMs = -1;
    } else if (this.#phase === "reading") {
      if (input.startedMs < 0) input.startedMs = this.lastActiveMs;
      if (this.#inputEnded) this.#finishLine();
      else if (this.protocol === "resp") input.divertLarge();
      else this.#awaitSilence();
    }
    this.#replies.send();
    const { batchTimes } = this.#host;
    batchTimes.left--;
    if (batchTimes.left <= 1) batchTimes.ended(this.arrivedMs, this.#replies.areAnswered);
  }

  #executesFrom(exactMs: number): void {
    this.executingSinceMs = this.#host.monotonicOf(exactMs);
    this.arrivedMs = exactMs;
  }

  #mayExecute(): boolean {
    const { pausedReplyBytes, pipelineDepth } = this.#host.limits;
    if (this.#holds > 0 || this.#replies.openCount >= pipelineDepth) return false;
    return this.#replies.waitingBytesWithLarge <= pausedReplyBytes;
  }

  /** The received bytes cannot be executed now. Stops reading if there are many. */
  #stall(): void {
    this.#phase = "stalled";
    this.#backpressure.pause(this.bufferedRequestBytes);
  }

  /** Called when replies have been sent. @param all whether every request has been answered and every byte sent */
  sent(all: boolean): void {
    if (this.#phase === "stalled") {
      if (this.#mayExecute()) this.#queueResume();
      else this.#stall();
    } else if (all && this.#isDone()) {
      this.#wire.end();
    } else if (all && this.#phase === "refusing") {
      this.#linger();
    }
  }

  #queueResume(): void {
    this.#phase = "resuming";
    queueMicrotask(() => {
      if (this.#phase !== "resuming") return;
      this.#phase = "stalled";
      if (this.#mayExecute()) this.#executeReceived();
    });
  }

  /** Whether the connection closes when all replies have been sent. */
  #isDone(): boolean {
    if (this.#phase === "closing") return true;
    if (!this.#inputEnded) return false;
    if (this.#phase === "refusing") return true;
    return this.#phase === "reading" && this.#input.received.isEmpty && this.#holds === 0;
  }

  // ---- other events of the wire

  drained(): void {
    this.#replies.flush();
  }

  ended(): void {
    this.#inputEnded = true;
    if (this.exemptFromIdleTimeout) {
      // A subscriber or a blocked client never closes one direction alone: it has gone.
      this.terminate();
      return;
    }
    if (this.#phase === "lingering") {
      this.close();
      return;
    }
    // While stalled, the rest is finished after the kept requests have been executed.
    if (this.#phase === "reading") {
      if (this.#mayExecute()) this.#finishLine();
      else if (!this.#input.received.isEmpty) this.#stall();
    }
    this.#replies.queueFlush();
  }

  wasClosed(): void {
    if (this.isClosed) return;
    this.#phase = "closed";
    this.#input.clear();
    this.#replies.discard();
    this.session.closed();
  }

  // ---- what the session and its commands ask for

  /** Keeps the place of the current request's reply, which is written later. */
  defer(): Ticket {
    return this.#replies.defer();
  }

  /** Sends bytes, such as an invalidation or a message, behind all replies so far. */
  pushBytes(bytes: Uint8Array, start: number, end: number): void {
    this.#replies.push(bytes, start, end);
  }

  /** Sends bytes before the outstanding replies. Not while a request is executed or a reply is streamed. */
  pushAhead(bytes: Uint8Array, start: number, end: number): void {
    this.#replies.pushAhead(bytes, start, end);
  }

  /** Resolves when the client has read enough for more to be written; undefined if more may be written now. */
  whenDrained(): Promise<void> | undefined {
    return this.#replies.whenDrained();
  }

  /** Executes no further request until `release`. Calls nest. */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
    if (this.#holds > 0) return;
    if (this.#phase === "stalled") this.#queueResume();
    else if (this.#inputEnded) this.#replies.queueFlush();
  }

  /** Passes received bytes to `take` from now on. Only while the client is held. `take` must not keep the bytes. */
  relay(take: Relay): void {
    if (!this.#executes) return;
    const { received } = this.#input;
    if (!received.isEmpty) take(received.bytes, received.start, received.end);
    this.#input.clear();
    this.#backpressure.resume();
    this.#relay = take;
    this.#phase = "relaying";
  }

  /** Executes no further request, and closes when all replies have been sent. */
  closeAfterReplies(): void {
    this.stopExecuting("closing");
  }

  /** Closes now. Bytes that the system has taken are delivered. */
  close(): void {
    if (!this.isClosed) this.#wire.end();
  }

  /** Cuts the connection off. Bytes that have not reached the client are lost. */
  terminate(): void {
    if (!this.isClosed) this.#wire.terminate();
  }

  /** The client has given the password: the ordinary limits apply from now on. */
  authenticate(user: User): void {
    this.user = user;
    this.authenticated = true;
    this.#runner.applyLimits();
  }

  /** RESET: back to the state of a new connection, that of the default user. */
  reset(user: User, authenticated: boolean): void {
    this.forget(user, authenticated);
    this.respVersion = 2;
    this.#strangerSinceMs = this.#host.clock.monotonicMs();
    this.#runner.applyLimits();
  }

  get protocol(): "undecided" | "resp" | "text" {
    return this.#runner.protocol;
  }

  get respVersion(): 2 | 3 {
    return this.#respVersion;
  }

  set respVersion(version: 2 | 3) {
    this.#respVersion = version;
    if (this.#replies.isWriting) this.#host.codec.resp.version = version;
  }

  get isClosed(): boolean {
    return this.#phase === "closed";
  }

  get isClosing(): boolean {
    return this.#phase === "closing" || this.#phase === "refusing" || this.#phase === "lingering";
  }

  get bufferedRequestBytes(): number {
    return this.#input.received.length;
  }

  get waitingReplyBytes(): number {
    return this.#replies.waitingBytes;
  }

  get awaitsReplies(): boolean {
    return this.#phase === "stalled" || this.#inputEnded;
  }

  // ---- the end

  /** Whether received bytes are executed, now or later. */
  get #executes(): boolean {
    return this.#phase === "reading" || this.#phase === "stalled" || this.#phase === "resuming";
  }

  /** Executes no more requests. Outstanding replies are still sent. */
  stopExecuting(how: "closing" | "refusing"): void {
    if (this.#phase === "refusing" || this.#phase === "lingering" || this.isClosed) return;
    this.#phase = how;
    // Within `#execute` the received bytes are still in use, and the replies are sent after it.
    if (this.#replies.isWriting) return;
    this.#input.clear();
    this.#backpressure.resume();
    this.#replies.queueFlush();
  }

  /** Answers with an error and closes, but gives the client time to read the error. */
  refuse(message: string): void {
    const ticket = this.defer();
    ticket.reply.error(`ERR ${message}`);
    ticket.done();
    this.stopExecuting("refusing");
  }

  #linger(): void {
    this.#phase = "lingering";
    this.#lingeringSinceMs = this.#host.clock.monotonicMs();
    this.#wire.shutdown();
  }

  /** The listener calls this every 100 ms. */
  checkTimeouts(nowMs: number): void {
    const { idleTimeoutMs, requestTimeoutMs, authTimeoutMs } = this.#host.limits;
    const { startedMs } = this.#input;
    if (this.isClosed) return;
    if (this.isClosing || this.#inputEnded) {
      const { blockedSinceMs } = this.#replies;
      const hasLingered = this.#phase === "lingering" && nowMs - this.#lingeringSinceMs > LINGER_MS;
      const isBlocked = blockedSinceMs >= 0 && nowMs - blockedSinceMs > LAST_REPLIES_MS;
      if (hasLingered || isBlocked) this.terminate();
    } else if (
      requestTimeoutMs > 0 &&
      startedMs >= 0 &&
      this.#phase === "reading" &&
      nowMs - startedMs > requestTimeoutMs
    ) {
      const hint = this.#runner.decideByLine() ? `; ${LINE_FEED_HINT}` : "";
      this.refuse(`request was not complete within ${requestTimeoutMs} ms (see --request-timeout)${hint}`);
    } else if (authTimeoutMs > 0 && !this.authenticated && nowMs - this.#strangerSinceMs > authTimeoutMs) {
      this.#runner.decideByLine();
      this.refuse(`the password was not given within ${authTimeoutMs} ms (see --auth-timeout)`);
    } else if (
      idleTimeoutMs > 0 &&
      !this.exemptFromIdleTimeout &&
      this.#replies.areAnswered &&
      nowMs - this.lastActiveMs > idleTimeoutMs
    ) {
      this.close();
    }
  }

  // ---- a line without its line feed

  #awaitSilence(): void {
    const silenceMs = this.#input.endingSilenceMs(this.isLocal, this.#host.limits);
    if (silenceMs === undefined) return;
    this.#input.awaitSilence(silenceMs, () => {
      if (!this.#executes) return;
      if (this.#mayExecute()) this.#finishLine();
      else this.#stall();
      this.#replies.queueFlush();
    });
  }

  /** Completes the line in progress, if there is one. After a half-close, drops any other request in progress. */
  #finishLine(): void {
    this.#executesFrom(this.#host.exactMs());
    this.#runner.finishLine();
    if (this.#inputEnded) this.#input.clear();
  }
}
