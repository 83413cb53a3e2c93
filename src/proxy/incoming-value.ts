import type { ByteBuffer, LargeValue } from "../lib/byte-buffer.ts";
import type { GrowingEntry } from "../store/growing-entry.ts";
import { SpooledValue } from "./spooled-value.ts";

/** A growing entry, and the time to write it with. */
export interface Growth {
  readonly entry: GrowingEntry;
  nowMs(): number;
}

/**
 * A large value that the origin is sending. It grows into an entry of the cache, or is spooled if it is not cached.
 * Its readers read what has arrived, each at its own speed. They get the last byte only after everything that must
 * happen before they have the whole value (`complete`).
 */
export class IncomingValue {
  readonly lengthBytes: number;
  readonly #growth: Growth | undefined;
  readonly #spooled: SpooledValue | undefined;
  #receivedBytes = 0;
  #isComplete = false;
  #isLost = false;
  readonly #readers = new Set<IncomingReader>();

  /** @param growth undefined if the value is not cached */
  constructor(lengthBytes: number, growth: Growth | undefined) {
    this.lengthBytes = lengthBytes;
    this.#growth = growth;
    this.#spooled = growth === undefined ? new SpooledValue(lengthBytes) : undefined;
  }

  /** The entry that the value grows into. */
  get growing(): GrowingEntry | undefined {
    return this.#growth?.entry;
  }

  /** The bytes that can be read so far. */
  get availableBytes(): number {
    return this.#isComplete ? this.lengthBytes : Math.min(this.#receivedBytes, this.lengthBytes - 1);
  }

  get isLost(): boolean {
    return this.#isLost;
  }

  /** @returns whether `bytes` is kept; the value then reaches to its end */
  append(bytes: Uint8Array, start: number, end: number): boolean {
    this.#receivedBytes += end - start;
    let isKept = false;
    if (this.#spooled !== undefined) {
      isKept = this.#spooled.append(bytes, start, end);
    } else if (!this.#isLost) {
      const { entry, nowMs } = this.#growth!;
      this.#isLost = !entry.append(bytes, start, end, nowMs());
    }
    this.#tell();
    return isKept;
  }

  /** Marks the value as complete. */
  complete(): void {
    this.#isComplete = true;
    this.#tell();
  }

  /** Marks the value as lost: the rest will never come. */
  lose(): void {
    this.#isLost = true;
    this.#tell();
  }

  /**
   * Returns a reader that starts at the beginning. For a spooled value it must be called before anything has arrived.
   */
  reader(): LargeValue {
    const source = this.#spooled === undefined ? this.growing!.reader() : this.#spooled.reader();
    const reader = new IncomingReader(this, source);
    this.#readers.add(reader);
    return reader;
  }

  forget(reader: IncomingReader): void {
    this.#readers.delete(reader);
  }

  #tell(): void {
    for (const reader of this.#readers) reader.onChange?.();
  }
}

class IncomingReader implements LargeValue {
  onChange: (() => void) | undefined;
  readonly #incoming: IncomingValue;
  /** Undefined if the value was lost before. */
  readonly #source: LargeValue | undefined;

  constructor(incoming: IncomingValue, source: LargeValue | undefined) {
    this.#incoming = incoming;
    this.#source = source;
  }

  get lengthBytes(): number {
    return this.#incoming.lengthBytes;
  }

  get availableBytes(): number {
    return this.#incoming.availableBytes;
  }

  get heldBytes(): number {
    return this.#source?.heldBytes ?? 0;
  }

  read(offset: number, count: number, target: ByteBuffer): boolean {
    return !this.#incoming.isLost && this.#source?.read(offset, count, target) === true;
  }

  release(): void {
    this.#incoming.forget(this);
    this.#source?.release();
  }
}
