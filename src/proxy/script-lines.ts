import { latin1 } from "../lib/bytes.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { CallbackRequest } from "../upstream/callback-request.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { Origin } from "../upstream/origin.ts";
import { soleNode } from "../upstream/sole-node.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";

/** The beginning of a line of MONITOR about a command within a script. */
const FROM_SCRIPT = /^\+[0-9.]+ \[[0-9]+ lua\] /;
/** The bytes of a line that are examined. */
const HEAD_BYTES = 64;

/**
 * The commands that scripts run, from the origin's MONITOR: the proxy sees only the calls of scripts. One connection
 * serves all monitoring clients of the thread.
 */
export class ScriptLines {
  readonly #origin: Origin;
  readonly #shown: (line: Uint8Array) => void;
  #connection: UpstreamConnection | undefined;
  /** Callbacks that wait until the origin's MONITOR runs. */
  #waiting: (() => void)[] | undefined;

  /** @param shown gets each line, with its bytes */
  constructor(origin: Origin, shown: (line: Uint8Array) => void) {
    this.#origin = origin;
    this.#shown = shown;
  }

  /** Begins, unless begun. @param then called once the origin's MONITOR runs, or the origin cannot be asked */
  begin(then: () => void): void {
    if (this.#waiting !== undefined) this.#waiting.push(then);
    else if (this.#connection !== undefined) then();
    else this.#open(then);
  }

  #open(then: () => void): void {
    this.#waiting = [then];
    const begun = (): void => {
      const waiting = this.#waiting ?? [];
      this.#waiting = undefined;
      for (const resume of waiting) resume();
    };
    try {
      const connection = soleNode(this.#origin).dedicated(2, {
        stray: (bytes, start, end) => this.#told(bytes, start, end),
        closed: () => {
          if (this.#connection === connection) this.#connection = undefined;
        },
        mayBeAsked: () => false,
      });
      this.#connection = connection;
      writeCommand(connection.out, ["MONITOR"]);
      connection.enqueue(new CallbackRequest(begun, begun));
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      begun();
    }
  }

  end(): void {
    this.#connection?.close(new UpstreamError("ORIGINDOWN", "nobody monitors", true));
    this.#connection = undefined;
  }

  #told(bytes: Uint8Array, start: number, end: number): void {
    const head = latin1(bytes, start, Math.min(end, start + HEAD_BYTES));
    if (FROM_SCRIPT.test(head)) this.#shown(new Uint8Array(bytes.subarray(start, end)));
  }
}
