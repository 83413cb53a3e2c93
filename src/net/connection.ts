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
 * What a connection does with what its client sends:
 *
 * - `reading`: executes requests as they come. What is kept is the beginning of a request whose end has not come.
 * - `stalled`: keeps requests that have come, for the session holds the client back or replies pile up.
 * - `resuming`: has been stalled and goes on at the end of this turn of the event loop.
 * - `relaying`: hands it on as it comes; it is no request any longer.
 * - `closing`: throws it away, and ends once all replies have been sent.
 * - `refusing`: the same, but the last reply says why, and the client is to read it: closing with bytes unread would
 *   reset the connection, and the reason could be lost. So it lingers first.
 * - `lingering`: has closed its own side, and throws away what comes until the client closes its side, or for a while.
 * - `closed`.
 *
 *     reading → stalled → resuming → reading, stalled
 *     reading, stalled, resuming → relaying
 *     all of these → closing, refusing → (closed);  refusing → lingering → closed
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
 * One client: bytes come in, its requests are executed one after the other, replies go out; while the session holds it
 * back, or too many reply bytes wait, nothing is executed, and when much waits for that, it is not read either.
 */
export class Connection
  extends ClientFacts
  implements Client, RepliedConnection, RunningConnection, WireEvents
{
  session!: Session;
  lastActiveMs: number;
  /** When the execution under way began (monotonic): after all its requests came, and before their replies go. */
  executingSinceMs = 0;

  #phase: Phase = "reading";
  /** The client has closed its side; what it has asked for before is still answered. */
  #inputEnded = false;
  /** How often the session holds it back. */
  #holds = 0;
  #respVersion: 2 | 3 = 2;
  #relay: Relay | undefined;
  /** Since when the password is awaited, and since when it lingers (monotonic). */
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
    const { clock, registry } = this.#host;
    this.lastActiveMs = clock.monotonicMs();
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
    this.executingSinceMs = this.#host.clock.monotonicMs();
    received.doneTo(this.#execute(received.bytes, received.start, received.end));
    this.#executed();
  }

  /** Executes the requests in bytes[from, end). @returns where it stopped: what is behind that is to be kept */
  #execute(bytes: Uint8Array, from: number, end: number): number {
    const { codec, limits } = this.#host;
    const { scratch, request } = codec;
    const input = this.#input;
    const runner = this.#runner;
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
        parser = runner.parserFor(bytes[start]!, parser);
        const next = parser.parse(bytes, start, end, request);
        if (next < 0) break;
        const asks = runner.asks(request, parser, bytes, start, next);
        start = next;
        input.requestEnded(runner.protocol !== "resp");
        if (!asks) continue;
        parser = runner.run(request, parser);
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
    return start;
  }

  /** All that can be executed has been: sends the replies, and waits for more. */
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
  }

  #mayExecute(): boolean {
    const { pausedReplyBytes, pipelineDepth } = this.#host.limits;
    if (this.#holds > 0 || this.#replies.openCount >= pipelineDepth) return false;
    return this.#replies.waitingBytesWithLarge <= pausedReplyBytes;
  }

  /** What has come cannot be executed now. When there is much of it, no more is read. */
  #stall(): void {
    this.#phase = "stalled";
    this.#backpressure.pause(this.bufferedRequestBytes);
  }

  /** Replies have been sent. @param all whether none is outstanding and none waits */
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

  /** Whether the connection ends once all replies have been sent. */
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
    this.#input.endSilence();
    if (this.exemptFromIdleTimeout) {
      // A subscriber or a blocked client that will ask for nothing more has gone.
      this.terminate();
      return;
    }
    if (this.#phase === "lingering") {
      this.close();
      return;
    }
    // What is stalled is finished once it has been executed.
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

  /** Takes the place of the current request's reply in the order; the reply is written later. */
  defer(): Ticket {
    return this.#replies.defer();
  }

  /** Sends bytes behind all replies so far: invalidations, messages. */
  pushBytes(bytes: Uint8Array, start: number, end: number): void {
    this.#replies.push(bytes, start, end);
  }

  /** The same in front of the replies outstanding; not while a request is executed, nor while a reply is streamed. */
  pushAhead(bytes: Uint8Array, start: number, end: number): void {
    this.#replies.pushAhead(bytes, start, end);
  }

  /** Resolves when less waits for the client than makes requests wait; undefined while it is less. */
  whenDrained(): Promise<void> | undefined {
    return this.#replies.whenDrained();
  }

  /** Executes no further request of this client until `release`. Calls nest. */
  hold(): void {
    this.#holds++;
  }

  release(): void {
    this.#holds--;
    if (this.#holds > 0) return;
    if (this.#phase === "stalled") this.#queueResume();
    else if (this.#inputEnded) this.#replies.queueFlush();
  }

  /** From now on what the client sends is handed on as it comes. Only while it is held. The bytes are lent. */
  relay(take: Relay): void {
    if (!this.#executes) return;
    const { received } = this.#input;
    if (!received.isEmpty) take(received.bytes, received.start, received.end);
    this.#input.clear();
    this.#backpressure.resume();
    this.#relay = take;
    this.#phase = "relaying";
  }

  /** Ends the connection once everything answered so far has been sent. No further request is executed. */
  closeAfterReplies(): void {
    this.stopExecuting("closing");
  }

  /** Ends the connection now; what was given to the system is still delivered. */
  close(): void {
    if (!this.isClosed) this.#wire.end();
  }

  /** Cuts the connection off: what has not reached the client is lost. */
  terminate(): void {
    if (!this.isClosed) this.#wire.terminate();
  }

  /** The password was given: from now on the ordinary limits hold. */
  authenticate(): void {
    this.authenticated = true;
    this.#runner.applyLimits();
  }

  /** Back to what a new connection is (RESET). @param authenticated whether clients need no password */
  reset(authenticated: boolean): void {
    this.forget(authenticated);
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

  /** Whether what comes is executed, now or later. */
  get #executes(): boolean {
    return this.#phase === "reading" || this.#phase === "stalled" || this.#phase === "resuming";
  }

  /** Nothing more is executed; replies outstanding are still sent. */
  stopExecuting(how: "closing" | "refusing"): void {
    if (this.#phase === "refusing" || this.#phase === "lingering" || this.isClosed) return;
    this.#phase = how;
    // While requests are executed, their bytes are needed, and replies are sent behind them.
    if (this.#replies.isWriting) return;
    this.#input.clear();
    this.#backpressure.resume();
    this.#replies.queueFlush();
  }

  /** Answers with an error and closes. */
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

  /** Called now and then by the listener. */
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

  /** Ends the request in progress, if it is a line; of anything else the rest will not come. */
  #finishLine(): void {
    this.executingSinceMs = this.#host.clock.monotonicMs();
    this.#runner.finishLine();
    if (this.#inputEnded) this.#input.clear();
  }
}
