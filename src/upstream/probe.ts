import { systemTimers, type Timer, type Timers } from "../lib/timers.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { CallbackRequest } from "./callback-request.ts";
import { UpstreamConnection, type UpstreamOptions } from "./connection.ts";
import { UpstreamError } from "./upstream-error.ts";

/** Between the two questions: the origin has time to answer what else waits for it. */
const SETTLE_MS = 100;

/**
 * The first question, which changes nothing. While writes are paused (CLIENT PAUSE, a failover), a Redis does not
 * answer it, as it answers nobody who waits behind a write.
 */
const PAUSED_WITH_WRITES = ["PUBLISH", "glasscache:probe", ""];

/**
 * Asks an origin for a sign of life over a connection of its own, twice. An origin that was busy, or paused, answers all
 * its connections in one turn of its event loop when it goes on, in any order. So one that is still silent after the
 * second answer has lost its wire.
 * Any answer counts, an error too.
 */
export class Probe {
  readonly #connection: UpstreamConnection;
  readonly #done: (isAnswered: boolean) => void;
  readonly #timers: Timers;
  #timer: Timer | undefined;
  #answers = 0;
  #isOver = false;

  /** @param done called once, unless `close` is: whether there were answers; false where the connection ended before */
  constructor(options: UpstreamOptions, done: (isAnswered: boolean) => void) {
    this.#done = done;
    this.#timers = options.timers ?? systemTimers;
    this.#connection = new UpstreamConnection(options, {
      // What is told to a client too many, say, is an answer, though the last one.
      closed: () => this.#answers === 0 && this.#end(false),
    });
    const { user, password } = options.address;
    if (password !== undefined) {
      writeCommand(this.#connection.out, ["AUTH", ...(user === undefined ? [] : [user]), password]);
      this.#connection.enqueue(new CallbackRequest(() => {}));
    }
    this.#ask(PAUSED_WITH_WRITES);
  }

  /** The answer is of no interest any longer. */
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
      this.#timer = this.#timers.after(SETTLE_MS, () => {
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
