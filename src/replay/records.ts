/**
 * Batches of records in reused arrays: the interface between sources of requests (trace readers, workload generators)
 * and their consumers (simulations, curves, writing a trace). The arrays hold zeros at first, so a source may ignore
 * a column that is zero in all its records.
 */
export class RecordBatch {
  readonly capacity: number;
  count = 0;
  /** True if the source knows that all records are reads without a time to live; false if they may be others. */
  holdsReadsAlone = false;
  /**
   * The key, as two unsigned halves: a 64-bit number that the trace uses itself, or a 64-bit hash of the key's bytes.
   * Hashes are exact except for collisions, whose probability among a million keys is about 3 in 10^8.
   */
  readonly keyLow: Uint32Array;
  readonly keyHigh: Uint32Array;
  /** Size of the object in bytes; 1 if the trace has no sizes. */
  readonly size: Float64Array;
  /** Milliseconds on the trace's own clock; 0 if it has none. */
  readonly timeMs: Float64Array;
  /** READ, WRITE, DELETE or EXPIRE. */
  readonly operation: Uint8Array;
  /** Time to live in milliseconds as the request gave it; 0 if it gave none. */
  readonly ttlMs: Float64Array;
  /** Number of the key's family (see `KeyFamilies`) if families were requested, else 0. */
  readonly family: Uint32Array;

  /** By default, as many records as stay in the processor's cache until they have been consumed. */
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
/** Changes only the time to live; 0 removes it. Has no effect on an object that is not resident. */
export const EXPIRE = 3;

/** How the reader interpreted a trace. */
export interface Interpretation {
  /** The format, the meaning of its fields, and its first key. */
  readonly description: string;
  /** A sign that the interpretation may be wrong; undefined if there is none. */
  readonly doubt: string | undefined;
}

/** A source of records. Each call of `read` begins at the first record (standard input can be read only once). */
export interface RecordSource {
  /** For people: the file's name, or the generator with its parameters. */
  readonly name: string;
  /** Whether records carry sizes of their own. */
  readonly hasSizes: boolean;
  /** Whether it can be read more than once. */
  readonly isRepeatable: boolean;
  /** Approximate number of bytes or records, for progress; undefined if unknown. */
  readonly extent: number | undefined;
  /** How the trace is interpreted, if the format was detected. */
  readonly interpretation?: Interpretation;
  /**
   * Calls `consume` with batch after batch, each valid during the call only. Ends early when it returns false. Calls
   * `progress` with the part of `extent` that has been read.
   * @throws TraceError naming file and position
   */
  read(
    consume: (batch: RecordBatch) => boolean | Promise<boolean>,
    progress?: (done: number) => void,
  ): Promise<void>;
}

/** A trace cannot be read. The message names the file and the line, record or byte. */
export class TraceError extends Error {
  override name = "TraceError";
}
