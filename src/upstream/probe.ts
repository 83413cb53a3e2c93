import type { HeartbeatTimes } from "../coherence/heartbeat.ts";
import { systemTimers, type Timer, type Timers } from "../lib/timers.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { formatOrigin } from "./address.ts";
import { CallbackRequest } from "./callback-request.ts";
import { UpstreamConnection, type UpstreamOptions } from "./connection.ts";
import { UpstreamError } from "./upstream-error.ts";

/** The time between the two questions, in which the origin can answer everything else that waits. */
const BETWEEN_QUESTIONS_MS = 100;

/**
 * The first question. It changes nothing. While writes are paused (CLIENT PAUSE, a failover) a Redis does not answer
 * it, as it answers no client that waits behind a write.
 */
const PAUSED_WITH_WRITES = ["PUBLISH", "glasscache:probe", ""];

/**
 * Asks an origin twice for a sign of life, over a connection of its own. When an origin that was busy or paused goes
 * on, it answers all its connections in one turn of its event loop, in any order. So a connection that is still silent
 * after the second answer has lost its wire. An error counts as an answer.
 */
export class Probe {
  readonly #connection: UpstreamConnection;
  readonly #done: (isAnswered: boolean) => void;
  readonly #timers: Timers;
  #timer: Timer | undefined;
  #answers = 0;
  #isOver = false;

  /**
   * @param done called once, unless `close` is called before. `isAnswered`: whether the origin answered; false if the
   * connection ended first
   */
  constructor(options: UpstreamOptions, done: (isAnswered: boolean) => void) {
    this.#done = done;
    this.#timers = options.timers ?? systemTimers;
    this.#connection = new UpstreamConnection(options, {
      // If the connection ends after the first answer (an error for too many clients, say), that answer counts.
      closed: () => this.#answers === 0 && this.#end(false),
    });
    const { user, password } = options.address;
    if (password !== undefined) {
      writeCommand(this.#connection.out, ["AUTH", ...(user === undefined ? [] : [user]), password]);
      this.#connection.enqueue(new CallbackRequest(() => {}));
    }
    this.#ask(PAUSED_WITH_WRITES);
  }

  /** Cancels the probe. */
  close(): void {
    this.#isOver = true;
    this.#timer?.stop();
    this.#connection.close(new UpstreamError("ORIGINDOWN", "not needed any more", false));
  }

  #ask(question: readonly string[]): void {
    writeCommand(this.#connection.out, question);
    this.#connection.enqueue(new CallbackRequest(() => this.#answered()));
  }

  #answered(): void {
    this.#answers++;
    if (this.#answers === 2) this.#end(true);
    else {
      this.#timer = this.#timers.after(BETWEEN_QUESTIONS_MS, () => {
        if (this.#connection.isClosed) this.#end(true);
        else this.#ask(["PING"]);
      });
    }
  }

  #end(isAnswered: boolean): void {
    if (this.#isOver) return;
    this.close();
    this.#done(isAnswered);
  }
}

/** The error for a connection that is silent while the origin answers others. */
export function wireLost({ address, heartbeatTimeoutMs }: UpstreamOptions & HeartbeatTimes): UpstreamError {
  const silence = `gave no sign of life for ${heartbeatTimeoutMs} ms, but answers others`;
  return new UpstreamError("ORIGINTIMEOUT", `origin ${formatOrigin(address)} ${silence}`, true);
}
