/**
 * A growing run of bytes: `bytes[0, length)` is what was written. Fields are public because the hot paths that
 * fill it are free-standing functions.
 */
export class ByteBuffer {
  bytes: Uint8Array;
  length = 0;
  readonly #limitBytes: number;

  /** @param limitBytes beyond this it does not grow: writing throws a `BufferLimitError` */
  constructor(capacityBytes = 256, limitBytes: number = Number.POSITIVE_INFINITY) {
    this.bytes = new Uint8Array(capacityBytes);
    this.#limitBytes = limitBytes;
  }

  /** Makes room for `count` more bytes; existing content stays. */
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

  /** A view of what was written, valid until the next write. */
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

  /** Forgets the content, and gives memory back when more than `keepBytes` are held. */
  clear(keepBytes: number = Number.POSITIVE_INFINITY): void {
    this.length = 0;
    if (this.bytes.length > keepBytes) this.bytes = new Uint8Array(keepBytes);
  }

  #grow(needed: number): void {
    if (needed > this.#limitBytes) throw new BufferLimitError(`more than ${this.#limitBytes} bytes`);
    let capacity = Math.max(64, this.bytes.length * 2);
    while (capacity < needed) capacity *= 2;
    const grown = new Uint8Array(capacity);
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
  }
}

/** A `ByteBuffer` was to grow beyond its limit. */
export class BufferLimitError extends Error {
  override name = "BufferLimitError";
}

/** Copies source[start, end) to target[at…). Short runs are copied by hand, four bytes a step: that beats a call. */
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

/** The runtime's copying between arrays, which makes no view as `set` needs it; a browser has none. */
const copyNatively = (globalThis as { Buffer?: { prototype: { copy: Copy } } }).Buffer?.prototype.copy;

/** A value that is read piece by piece, while it stays what it was. Whoever is given one releases it, exactly once. */
export interface LargeValue {
  readonly lengthBytes: number;
  /** So many bytes, from the beginning on, can be read now; absent where all of them can. */
  readonly availableBytes?: number;
  /** Bytes that wait in memory, outside of the cache, for whoever reads this; absent where there are none. */
  readonly heldBytes?: number;
  /** Called when more can be read, and when the value has been lost. */
  onChange?: (() => void) | undefined;
  /**
   * Appends bytes [offset, offset + count) of the value, which are available, to `target`. What lies before `offset` is
   * not asked for again.
   * @returns false when the value has been lost: the rest of it will not be had
   */
  read(offset: number, count: number, target: ByteBuffer): boolean;
  release(): void;
}

/**
 * Where a value can be delivered without an allocation: the giver calls `openValue`, writes exactly
 * `lengthBytes` at `buffer.length`, advances it, and calls `closeValue`. Where `takesLarge` is true, a large value may
 * be given to `takeLarge` instead, to be read little by little.
 */
export interface ValueSink {
  openValue(lengthBytes: number): ByteBuffer;
  closeValue(): void;
  readonly takesLarge?: boolean;
  takeLarge?(value: LargeValue): void;
}
