/** Words of the ring's header. Writer and reader each have a cache line of their own. */
const HEAD = 0;
const DROPPED = 1;
/** The place of the number of reads, in 64-bit floats. */
const READS_FLOAT = 1;
const TAIL = 16;
const HEADER_WORDS = 32;

/** In the first word of a record: its kind, flags, length, and the length of its key. */
const KIND_BITS = 0x1f;
const FLAG_SHIFT = 5;
const FLAG_BITS = 0x7;
const UNIT_SHIFT = 8;
const UNIT_BITS = 0xff;
const KEY_SHIFT = 16;

/** Records are whole numbers of these: four words. */
const UNIT_WORDS = 4;
/** Fills the end of the ring, where the next record does not fit. */
const PADDING = 0;

/** Bytes of a key that a record holds; of a longer key, it holds the beginning. */
export const EVENT_KEY_BYTES = 512;

/**
 * A bounded ring of records in shared memory, from one thread to another. The writer never waits: a record that finds
 * no room is dropped and counted. A record has a kind, three flags, words of its own, and perhaps a key.
 *
 * | word | content |
 * | ---: | --- |
 * | 0 | kind (5 bits), flags (3), length in units of four words (8), length of the key (16) |
 * | 1 … | words of the record, then the key's bytes, if they are stored |
 *
 * Positions count words without end, modulo 2^32. A reader or writer that takes over from a dead one goes on at the
 * position that the ring has.
 */
export class EventRing {
  /** The words of all records. */
  readonly words: Int32Array;
  readonly #header: Int32Array;
  readonly #floats: Float64Array;
  readonly #bytes: Uint8Array;
  readonly #mask: number;
  /** The writer's position, and the reader's as the writer knows it. */
  #head: number;
  #knownTail: number;
  /** Where the record begins that is being written. */
  #next = 0;

  /**
   * @param buffer has `EventRing.bytes(capacity)` bytes from `at` on
   * @param at a multiple of eight
   * @param capacity in words, a power of two
   */
  constructor(buffer: ArrayBufferLike, at: number, capacity: number) {
    this.#header = new Int32Array(buffer, at, HEADER_WORDS);
    this.#floats = new Float64Array(buffer, at, HEADER_WORDS / 2);
    this.words = new Int32Array(buffer, at + HEADER_WORDS * 4, capacity);
    this.#bytes = new Uint8Array(buffer, at + HEADER_WORDS * 4, capacity * 4);
    this.#mask = capacity - 1;
    this.#head = this.#header[HEAD]!;
    this.#knownTail = this.#header[TAIL]!;
  }

  static bytes(capacity: number): number {
    return (HEADER_WORDS + capacity) * 4;
  }

  /** Records dropped so far. */
  get dropped(): number {
    return this.#header[DROPPED]! >>> 0;
  }

  /** The share of the ring that is waiting to be read. */
  get fill(): number {
    const header = this.#header;
    const waiting = (Atomics.load(header, HEAD) - Atomics.load(header, TAIL)) | 0;
    return waiting / this.words.length;
  }

  /** Reads that the writer has counted so far, those that have no record included. */
  get reads(): number {
    return this.#floats[READS_FLOAT]!;
  }

  // ---- the writer

  /** @returns the number of reads, this one included */
  countRead(): number {
    return ++this.#floats[READS_FLOAT]!;
  }

  /**
   * Begins a record: writes its first word. The caller writes the others from the returned place on, and calls
   * `publish`.
   * @param words of the record, the first included
   * @param keyLength told with the record
   * @param storedBytes of the key, which `putKey` writes; at most `EVENT_KEY_BYTES`
   * @returns the place of the record in `words`; -1: it is dropped
   */
  begin(kind: number, flags: number, words: number, keyLength = 0, storedBytes = 0): number {
    const units = (words + ((storedBytes + 3) >> 2) + UNIT_WORDS - 1) >> 2;
    const length = units << 2;
    const mask = this.#mask;
    let head = this.#head;
    let at = head & mask;
    const rest = mask + 1 - at;
    const needed = length <= rest ? length : rest + length;
    if (((head - this.#knownTail) | 0) + needed > mask + 1) {
      this.#knownTail = Atomics.load(this.#header, TAIL);
      if (((head - this.#knownTail) | 0) + needed > mask + 1) {
        this.#header[DROPPED]!++;
        return -1;
      }
    }
    if (length > rest) {
      this.words[at] = PADDING;
      head = (head + rest) | 0;
      at = 0;
    }
    this.words[at] = kind | (flags << FLAG_SHIFT) | (units << UNIT_SHIFT) | (keyLength << KEY_SHIFT);
    this.#next = (head + length) | 0;
    return at;
  }

  /** Copies the key of a record behind its words. */
  putKey(at: number, words: number, bytes: Uint8Array, start: number, storedBytes: number): void {
    const target = this.#bytes;
    const to = (at + words) * 4;
    for (let i = 0; i < storedBytes; i++) target[to + i] = bytes[start + i]!;
  }

  /** Hands the record that was begun last to the reader. */
  publish(): void {
    this.#head = this.#next;
    Atomics.store(this.#header, HEAD, this.#head);
  }

  // ---- the reader

  /**
   * Reads waiting records.
   * @param read is given the place of a record in `words`
   * @param most about how many words to read
   * @returns the number of words read
   */
  drain(read: (at: number) => void, most: number): number {
    const header = this.#header;
    const { words } = this;
    const mask = this.#mask;
    const head = Atomics.load(header, HEAD);
    const first = header[TAIL]!;
    let tail = first;
    while (tail !== head && ((tail - first) | 0) < most) {
      const at = tail & mask;
      const word = words[at]!;
      const length = ((word >>> UNIT_SHIFT) & UNIT_BITS) << 2;
      if (length === 0) {
        tail = (tail + mask + 1 - at) | 0;
        continue;
      }
      read(at);
      tail = (tail + length) | 0;
    }
    Atomics.store(header, TAIL, tail);
    return (tail - first) | 0;
  }

  /** Drops all waiting records. */
  skip(): void {
    Atomics.store(this.#header, TAIL, Atomics.load(this.#header, HEAD));
  }

  kindAt(at: number): number {
    return this.words[at]! & KIND_BITS;
  }

  flagsAt(at: number): number {
    return (this.words[at]! >>> FLAG_SHIFT) & FLAG_BITS;
  }

  keyLengthAt(at: number): number {
    return this.words[at]! >>> KEY_SHIFT;
  }

  /** The place of a record's key in `bytes`. */
  keyStartAt(at: number, words: number): number {
    return (at + words) * 4;
  }

  get bytes(): Uint8Array {
    return this.#bytes;
  }
}
