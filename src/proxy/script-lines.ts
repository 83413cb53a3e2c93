import { latin1 } from "../lib/bytes.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { CallbackRequest } from "../upstream/callback-request.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { Origin } from "../upstream/origin.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";

/** The beginning of a line of MONITOR about a command within a script. */
const FROM_SCRIPT = /^\+[0-9.]+ \[[0-9]+ lua\] /;
/** The bytes of a line that are examined. */
const HEAD_BYTES = 64;

/**
 * The commands that scripts run, from the MONITOR of each node: the proxy sees only the calls of scripts. One
 * connection to a node serves all monitoring clients of the thread.
 */
export class ScriptLines {
  readonly #origin: Origin;
  readonly #shown: (line: Uint8Array) => void;
  readonly #connections = new Map<OriginNode, UpstreamConnection>();
  /** Callbacks that wait until MONITOR runs at all nodes. */
  #waiting: (() => void)[] = [];
  /** How many nodes have not answered yet. */
  #missing = 0;

  /** @param shown gets each line, with its bytes */
  constructor(origin: Origin, shown: (line: Uint8Array) => void) {
    this.#origin = origin;
    this.#shown = shown;
  }

  /** Begins at all nodes where it has not. @param then called once MONITOR runs, or nodes cannot be asked */
  begin(then: () => void): void {
    this.#waiting.push(then);
    // Counts as a node, so that nobody is called before all have been asked.
    this.#missing++;
    for (const node of this.#origin.nodes) {
      if (!this.#connections.has(node)) this.#open(node);
    }
    this.#begun();
  }

  #open(node: OriginNode): void {
    try {
      const connection = node.dedicated(2, {
        stray: (bytes, start, end) => this.#told(bytes, start, end),
        closed: () => {
          if (this.#connections.get(node) === connection) this.#connections.delete(node);
        },
        mayBeAsked: () => false,
      });
      this.#connections.set(node, connection);
      this.#missing++;
      writeCommand(connection.out, ["MONITOR"]);
      const begun = (): void => this.#begun();
      connection.enqueue(new CallbackRequest(begun, begun));
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
    }
  }

  #begun(): void {
    this.#missing--;
    if (this.#missing > 0) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resume of waiting) resume();
  }

  end(): void {
    const error = new UpstreamError("ORIGINDOWN", "nobody monitors", true);
    const connections = [...this.#connections.values()];
    this.#connections.clear();
    for (const connection of connections) connection.close(error);
  }

  #told(bytes: Uint8Array, start: number, end: number): void {
    const head = latin1(bytes, start, Math.min(end, start + HEAD_BYTES));
    if (FROM_SCRIPT.test(head)) this.#shown(new Uint8Array(bytes.subarray(start, end)));
  }
}
