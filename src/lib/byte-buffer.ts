/**
 * A growing run of bytes. `bytes[0, length)` has been written. Fields are public because free-standing functions on
 * hot paths fill it.
 */
export class ByteBuffer {
  bytes: Uint8Array;
  length = 0;
  readonly #limitBytes: number;

  /** @param limitBytes largest size; a write beyond it throws a `BufferLimitError` */
  constructor(capacityBytes = 256, limitBytes: number = Number.POSITIVE_INFINITY) {
    this.bytes = new Uint8Array(capacityBytes);
    this.#limitBytes = limitBytes;
  }

  /** Makes room for `count` more bytes, and keeps the present ones. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed > this.bytes.length) this.#grow(needed);
  }

  append(source: Uint8Array, start = 0, end: number = source.length): void {
    const count = end - start;
    this.reserve(count);
    copyBytes(source, start, end, this.bytes, this.length);
    this.length += count;
  }

  /** Returns a view of the written bytes, valid until the next write. */
  view(): Uint8Array {
    return this.bytes.subarray(0, this.length);
  }

  /** Drops the first `count` bytes. */
  discard(count: number): void {
    if (count >= this.length) {
      this.length = 0;
      return;
    }
    this.bytes.copyWithin(0, count, this.length);
    this.length -= count;
  }

  /** Forgets the contents, and frees the memory if it is larger than `keepBytes`. */
  clear(keepBytes: number = Number.POSITIVE_INFINITY): void {
    this.length = 0;
    if (this.bytes.length > keepBytes) this.bytes = new Uint8Array(keepBytes);
  }

  #grow(needed: number): void {
    if (needed > this.#limitBytes) throw new BufferLimitError(`more than ${this.#limitBytes} bytes`);
    let capacity = Math.max(64, this.bytes.length * 2);
    while (capacity < needed) capacity *= 2;
    const grown = new Uint8Array(capacity);
    if (this.length > 0) grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

/** A `ByteBuffer` would have exceeded its limit. */
export class BufferLimitError extends Error {
  override name = "BufferLimitError";
}

/**
 * Copies source[start, end) to target[at…). Short runs are copied by a loop, four bytes a step, which is faster than
 * a call.
 */
export function copyBytes(
  source: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  at: number,
): void {
  if (end - start > BY_HAND_BYTES) {
    if (copyNatively === undefined) target.set(source.subarray(start, end), at);
    else copyNatively.call(source, target, at, start, end);
    return;
  }
  let from = start;
  let to = at;
  for (const last = end - 3; from < last; from += 4, to += 4) {
    target[to] = source[from]!;
    target[to + 1] = source[from + 1]!;
    target[to + 2] = source[from + 2]!;
    target[to + 3] = source[from + 3]!;
  }
  for (; from < end; from++, to++) target[to] = source[from]!;
}

const BY_HAND_BYTES = 32;

type Copy = (this: Uint8Array, target: Uint8Array, at: number, start: number, end: number) => number;

/** The runtime's copy between arrays. Unlike `set`, it needs no view of the source. A browser has none. */
const copyNatively = (globalThis as { Buffer?: { prototype: { copy: Copy } } }).Buffer?.prototype.copy;

/** A value that is read piece by piece, and does not change meanwhile. Its reader must release it exactly once. */
export interface LargeValue {
  readonly lengthBytes: number;
  /** How many bytes, from the beginning, can be read now; absent when all of them can. */
  readonly availableBytes?: number;
  /** Bytes that wait in memory, outside of the cache, for the reader; absent when there are none. */
  readonly heldBytes?: number;
  /** Called when more can be read, and when the value has been lost. */
  onChange?: (() => void) | undefined;
  /**
   * Appends bytes [offset, offset + count) of the value, which must be available, to `target`. Bytes before `offset`
   * are not asked for again.
   * @returns false when the value has been lost: its remaining bytes will not come
   */
  read(offset: number, count: number, target: ByteBuffer): boolean;
  release(): void;
}

/**
 * Receives a value without an allocation. The sender calls `openValue`, writes exactly `lengthBytes` at
 * `buffer.length`, advances `length`, and calls `closeValue`. If `takesLarge` is true, it may pass a large value to
 * `takeLarge` instead, to be read piece by piece.
 */
export interface ValueSink {
  openValue(lengthBytes: number): ByteBuffer;
  closeValue(): void;
  readonly takesLarge?: boolean;
  takeLarge?(value: LargeValue): void;
}
