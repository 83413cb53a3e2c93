/**
 * The seam between where requests come from (trace readers, workload generators) and what is done with them
 * (simulation, curves, writing a trace): batches of records in arrays that are reused. They hold zeros at first; so
 * whoever fills a batch may leave a column alone that is zero in all its records.
 */
export class RecordBatch {
  readonly capacity: number;
  count = 0;
  /** Whoever fills it knows that there is nothing but reads without a time to live; false: it may be so. */
  holdsReadsAlone = false;
  /**
   * The key: a 64-bit number of the trace's own, or a 64-bit hash of the key's bytes, as two unsigned halves. For
   * traces of texts that is exact but for a collision, whose probability among a million keys is about 3 in 10^8.
   */
  readonly keyLow: Uint32Array;
  readonly keyHigh: Uint32Array;
  /** Size of the object in bytes; 1 where the trace has no sizes. */
  readonly size: Float64Array;
  /** Milliseconds on the trace's own clock; 0 where it has none. */
  readonly timeMs: Float64Array;
  /** READ, WRITE, DELETE or EXPIRE. */
  readonly operation: Uint8Array;
  /** Time to live in milliseconds as the request gave it; 0: none. */
  readonly ttlMs: Float64Array;
  /** Number of the key's family (see `KeyFamilies`), where families are asked for; else 0. */
  readonly family: Uint32Array;

  /** As many records by default as stay in the processor's cache until they have been consumed. */
  constructor(capacity = 4096) {
    this.capacity = capacity;
    this.keyLow = new Uint32Array(capacity);
    this.keyHigh = new Uint32Array(capacity);
    this.size = new Float64Array(capacity);
    this.timeMs = new Float64Array(capacity);
    this.operation = new Uint8Array(capacity);
    this.ttlMs = new Float64Array(capacity);
    this.family = new Uint32Array(capacity);
  }

  get isFull(): boolean {
    return this.count === this.capacity;
  }
}

export const READ = 0;
export const WRITE = 1;
export const DELETE = 2;
/** The time to live changes, and nothing else: 0 lifts it. What is not resident does not become so. */
export const EXPIRE = 3;

/** What a trace was taken for. */
export interface Reading {
  /** The format, what in it was taken for what, and its first key. */
  readonly description: string;
  /** What looks as if it were something else; undefined: nothing. */
  readonly doubt: string | undefined;
}

/** Where records come from. Read from beginning to end as often as it is opened (standard input: once). */
export interface RecordSource {
  /** For people: the file's name, or the generator with its parameters. */
  readonly name: string;
  /** Whether records carry sizes of their own. */
  readonly hasSizes: boolean;
  /** Whether it can be read more than once. */
  readonly isRepeatable: boolean;
  /** About how many bytes or records there are, for progress; undefined when it cannot be known. */
  readonly extent: number | undefined;
  /** How it is read, where that had to be found out. */
  readonly reading?: Reading;
  /**
   * Calls `consume` with batch after batch, each valid during the call only; ends early when it returns false.
   * `progress` is told how much of `extent` has been read.
   * @throws TraceError naming file and position
   */
  read(
    consume: (batch: RecordBatch) => boolean | Promise<boolean>,
    progress?: (done: number) => void,
  ): Promise<void>;
}

/** What a trace holds that cannot be read. The message names the file and the line, record or byte. */
export class TraceError extends Error {
  override name = "TraceError";
}
