import { SlowLog } from "../../instruments/slow-log.ts";
import { ThreadNumbers } from "../../instruments/thread-numbers.ts";
import { MOST_NODES } from "../../upstream/origin.ts";
import { CALLS_SHAPE, PUBLISHED_SHAPE } from "../published-numbers.ts";

const ALIVE = 0;
const CONNECTIONS = 1;
const MONITORS = 2;
const INTEGERS = 3;
/** The number of values common to all threads. */
const COMMON = 64;

/**
 * What the threads of one proxy know of each other, in shared memory: which are alive, until when each vouches for
 * what it has fetched, how many clients it has, and its counters.
 *
 * Only its own thread writes each float. Floats are aligned, so no thread sees half of one.
 */
export class ThreadTable {
  readonly buffer: SharedArrayBuffer;
  readonly count: number;
  readonly #integers: Int32Array;
  readonly #provenUntilMs: Float64Array;
  /** The same for each node: those of all threads for node 0, then those for node 1, … */
  readonly #nodesProvenUntilMs: Float64Array;
  /** The counters that each thread published last. */
  readonly numbers: ThreadNumbers<typeof PUBLISHED_SHAPE>;
  /** The calls of each command, with each result. */
  readonly calls: ThreadNumbers<typeof CALLS_SHAPE>;
  /** Numbers common to all threads, which any thread may set: settings, the pause. */
  readonly common: Float64Array;
  readonly slowLog: SlowLog;

  constructor(buffer: SharedArrayBuffer, count: number) {
    this.buffer = buffer;
    this.count = count;
    this.#provenUntilMs = new Float64Array(buffer, 0, count);
    this.numbers = new ThreadNumbers(PUBLISHED_SHAPE, count, buffer, count * 8);
    const callsAt = count * 8 + ThreadNumbers.bytes(PUBLISHED_SHAPE, count);
    this.calls = new ThreadNumbers(CALLS_SHAPE, count, buffer, callsAt);
    const commonAt = callsAt + ThreadNumbers.bytes(CALLS_SHAPE, count);
    this.common = new Float64Array(buffer, commonAt, COMMON);
    const integersAt = commonAt + COMMON * 8;
    this.#integers = new Int32Array(buffer, integersAt, count * INTEGERS + 1);
    const nodesAt = integersAt + integerBytes(count);
    this.#nodesProvenUntilMs = new Float64Array(buffer, nodesAt, count * MOST_NODES);
    this.slowLog = new SlowLog(buffer, nodesAt + count * MOST_NODES * 8, count);
  }

  static create(count: number): ThreadTable {
    const numbers = ThreadNumbers.bytes(PUBLISHED_SHAPE, count) + ThreadNumbers.bytes(CALLS_SHAPE, count);
    const bytes = (count * (1 + MOST_NODES) + COMMON) * 8 + numbers + integerBytes(count) + SlowLog.bytes(count);
    const table = new ThreadTable(new SharedArrayBuffer(bytes), count);
    // A thread that has fetched nothing has nothing to vouch for.
    table.#provenUntilMs.fill(Number.POSITIVE_INFINITY);
    table.#nodesProvenUntilMs.fill(Number.POSITIVE_INFINITY);
    return table;
  }

  /**
   * The time until which cached entries may be served, whichever thread fetched them: the earliest time at which a
   * channel for invalidations is no longer proven.
   */
  get provenUntilMs(): number {
    return leastOf(this.#provenUntilMs, 0, this.count);
  }

  /** As `provenUntilMs`, for what was fetched from the node with this number (`Origin.owners`). */
  provenUntilMsOf(node: number): number {
    return leastOf(this.#nodesProvenUntilMs, node * this.count, this.count);
  }

  /** Until when one thread's channel is proven; see `provenUntilMs`. */
  provenUntilOf(index: number): number {
    return this.#provenUntilMs[index]!;
  }

  /** @param untilMs of all nodes */
  prove(index: number, untilMs: number): void {
    this.#provenUntilMs[index] = untilMs;
  }

  /** @param node its number */
  proveNode(index: number, node: number, untilMs: number): void {
    this.#nodesProvenUntilMs[node * this.count + index] = untilMs;
  }

  /**
   * Whether every thread vouches for what it has fetched because it receives invalidations. A thread whose origin
   * sends none, or that has no connection, does not.
   */
  get allVouch(): boolean {
    for (let index = 0; index < this.count; index++) {
      if (this.#provenUntilMs[index] === Number.POSITIVE_INFINITY) return false;
    }
    return true;
  }

  isAlive(index: number): boolean {
    return Atomics.load(this.#integers, index * INTEGERS + ALIVE) === 1;
  }

  setAlive(index: number): void {
    Atomics.store(this.#integers, index * INTEGERS + ALIVE, 1);
  }

  /** Forgets a thread that has ended. Its entries must already be unreachable. */
  clear(index: number): void {
    Atomics.store(this.#integers, index * INTEGERS + ALIVE, 0);
    Atomics.store(this.#integers, index * INTEGERS + CONNECTIONS, 0);
    this.#provenUntilMs[index] = Number.POSITIVE_INFINITY;
    for (let node = 0; node < MOST_NODES; node++) this.proveNode(index, node, Number.POSITIVE_INFINITY);
    const monitors = Atomics.exchange(this.#integers, index * INTEGERS + MONITORS, 0);
    Atomics.sub(this.#integers, this.count * INTEGERS, monitors);
  }

  /** Counts a client of a thread that begins or ends to monitor. */
  addMonitors(index: number, change: 1 | -1): void {
    Atomics.add(this.#integers, this.count * INTEGERS, change);
    Atomics.add(this.#integers, index * INTEGERS + MONITORS, change);
  }

  /** Whether a client of any thread monitors. */
  get hasMonitors(): boolean {
    return this.#integers[this.count * INTEGERS] !== 0;
  }

  addConnections(index: number, change: 1 | -1): void {
    Atomics.add(this.#integers, index * INTEGERS + CONNECTIONS, change);
  }

  /** The number of clients of all threads. */
  get connections(): number {
    let sum = 0;
    for (let index = 0; index < this.count; index++) {
      sum += Atomics.load(this.#integers, index * INTEGERS + CONNECTIONS);
    }
    return sum;
  }
}

function leastOf(values: Float64Array, start: number, count: number): number {
  let least = values[start]!;
  for (let index = start + 1; index < start + count; index++) {
    const value = values[index]!;
    if (value < least) least = value;
  }
  return least;
}

/** A multiple of eight. */
function integerBytes(count: number): number {
  return Math.ceil((count * INTEGERS + 1) / 2) * 8;
}
