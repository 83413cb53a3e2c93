/**
 * Records whose keys have become object numbers: the input of simulations. A column is meaningful only if its flag is
 * set. Threads that replay the same batch share its memory.
 */
export class NumberedBatch {
  readonly buffer: ArrayBufferLike;
  readonly capacity: number;
  count = 0;
  /** Object numbers, from 1. */
  readonly objects: Uint32Array;
  /** Whether sizes other than 1 occur. */
  hasSizes = false;
  readonly size: Float64Array;
  /** Whether writes, deletes or times to live occur. */
  hasOperations = false;
  readonly timeMs: Float64Array;
  readonly ttlMs: Float64Array;
  readonly operation: Uint8Array;
  hasFamilies = false;
  readonly family: Uint32Array;
  hasNextDistances = false;
  /** How many records ahead the object is read again; 0 if never. */
  readonly nextDistance: Uint32Array;

  /** @param buffer memory of `bytes(capacity)`; the memory of another batch gives a view of that batch */
  constructor(capacity: number, buffer: ArrayBufferLike = new ArrayBuffer(NumberedBatch.bytes(capacity))) {
    this.capacity = capacity;
    this.buffer = buffer;
    let at = 0;
    const take = (bytesEach: number): [ArrayBufferLike, number, number] => {
      const start = at;
      at += capacity * bytesEach;
      return [this.buffer, start, capacity];
    };
    this.size = new Float64Array(...take(8));
    this.timeMs = new Float64Array(...take(8));
    this.ttlMs = new Float64Array(...take(8));
    this.objects = new Uint32Array(...take(4));
    this.family = new Uint32Array(...take(4));
    this.nextDistance = new Uint32Array(...take(4));
    this.operation = new Uint8Array(...take(1));
  }

  /** Bytes that a batch of this many records takes. */
  static bytes(capacity: number): number {
    return capacity * BYTES_PER_RECORD;
  }

  get isFull(): boolean {
    return this.count === this.capacity;
  }

  /** The part of a batch that is not in shared memory. */
  get header(): NumberedHeader {
    const { count, hasSizes, hasOperations, hasFamilies, hasNextDistances } = this;
    return { count, hasSizes, hasOperations, hasFamilies, hasNextDistances };
  }

  set header(header: NumberedHeader) {
    Object.assign(this, header);
  }
}

const BYTES_PER_RECORD = 3 * 8 + 3 * 4 + 1;

export interface NumberedHeader {
  readonly count: number;
  readonly hasSizes: boolean;
  readonly hasOperations: boolean;
  readonly hasFamilies: boolean;
  readonly hasNextDistances: boolean;
}
