/** The most entries that can be kept: each thread has memory for as many. */
export const MOST_SLOW_REQUESTS = 1024;

/** Where a slow request's time went, in milliseconds. 0: nowhere near, or it cannot be told. */
export interface Waits {
  /** From handing the request to the system until the origin's answer began to arrive. */
  originMs: number;
  /** Waiting for the answer to another read's question. */
  otherReadMs: number;
  /** Receiving the rest of a large value. */
  transferMs: number;
  /** From the origin's answer until all earlier invalidations had come. */
  fenceMs: number;
}

/** A slow request, as a thread notes it. */
export interface SlowRecord extends Waits {
  /** Unix milliseconds. */
  readonly endedAtMs: number;
  readonly durationMs: number;
  /** A number of the service's own. */
  readonly result: number;
  /** The beginning of the arguments, in a form of the service's own: at most `BODY_BYTES` bytes. */
  readonly body: Uint8Array;
  readonly clientAddress: string;
  readonly clientName: string;
}

export interface SlowEntry extends SlowRecord {
  /** Counts up from 0 over all threads. */
  readonly id: number;
}

/** Room for 32 arguments of 128 bytes with their lengths. */
export const BODY_BYTES = 4480;
const MOST_ADDRESS_BYTES = 64;
const MOST_NAME_BYTES = 128;
const TEXT_BYTES = MOST_ADDRESS_BYTES + MOST_NAME_BYTES + BODY_BYTES;

/** Integers of a slot: its version (odd: being written), and the lengths of its texts. */
const VERSION = 0;
const ADDRESS_BYTES = 1;
const NAME_BYTES = 2;
const LENGTH = 3;
const INTEGERS = 4;
const FLOATS = 8;

/** Integers common to all threads: the next id, and the first one that has not been cleared. */
const NEXT_ID = 0;
const CLEARED = 1;
const COMMON = 2;

const SLOT_BYTES = FLOATS * 8 + INTEGERS * 4 + TEXT_BYTES;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/**
 * The latest slow requests of all threads, in shared memory: each thread writes its own, any thread reads them all.
 * Nobody waits. An entry that is overwritten while it is read is left out. Memory is touched only as far as it is used.
 */
export class SlowLog {
  readonly #threads: number;
  readonly #common: BigInt64Array;
  /** The place of each thread's next entry. */
  readonly #written: Int32Array;
  readonly #floats: Float64Array;
  readonly #integers: Int32Array;
  readonly #texts: Uint8Array;

  /**
   * @param buffer has `bytes` bytes from `at` on
   * @param at a multiple of eight
   */
  constructor(buffer: SharedArrayBuffer, at: number, threads: number) {
    const slots = threads * MOST_SLOW_REQUESTS;
    this.#threads = threads;
    this.#floats = new Float64Array(buffer, at, slots * FLOATS);
    const integersAt = at + slots * FLOATS * 8;
    this.#integers = new Int32Array(buffer, integersAt, slots * INTEGERS);
    const commonAt = integersAt + slots * INTEGERS * 4;
    this.#common = new BigInt64Array(buffer, commonAt, COMMON);
    const writtenAt = commonAt + COMMON * 8;
    this.#written = new Int32Array(buffer, writtenAt, threads);
    this.#texts = new Uint8Array(buffer, writtenAt + threads * 4, slots * TEXT_BYTES);
  }

  static bytes(threads: number): number {
    return threads * MOST_SLOW_REQUESTS * SLOT_BYTES + COMMON * 8 + threads * 4;
  }

  /** Adds an entry of a thread. @param keep how many of its own a thread keeps */
  add(thread: number, record: SlowRecord, keep: number): void {
    const place = this.#written[thread]!;
    this.#written[thread] = (place + 1) % keep;
    const slot = thread * MOST_SLOW_REQUESTS + (place % keep);
    const integers = this.#integers;
    const at = slot * INTEGERS;
    // A thread that died while it wrote has left an odd version.
    const version = Atomics.load(integers, at + VERSION) | 1;
    Atomics.store(integers, at + VERSION, version);
    const id = Number(Atomics.add(this.#common, NEXT_ID, 1n));
    const { endedAtMs, durationMs, result, originMs, otherReadMs, transferMs, fenceMs } = record;
    this.#floats.set(
      [id, endedAtMs, durationMs, result, originMs, otherReadMs, transferMs, fenceMs],
      slot * FLOATS,
    );
    const textAt = slot * TEXT_BYTES;
    integers[at + ADDRESS_BYTES] = this.#write(record.clientAddress, textAt, MOST_ADDRESS_BYTES);
    integers[at + NAME_BYTES] = this.#write(record.clientName, textAt + MOST_ADDRESS_BYTES, MOST_NAME_BYTES);
    const body = record.body.subarray(0, BODY_BYTES);
    this.#texts.set(body, textAt + MOST_ADDRESS_BYTES + MOST_NAME_BYTES);
    integers[at + LENGTH] = body.length;
    Atomics.store(integers, at + VERSION, version + 1);
  }

  /** Returns the latest entries of all threads, newest first. @param count how many at most */
  newest(count: number): SlowEntry[] {
    const ids: { readonly id: number; readonly slot: number }[] = [];
    const cleared = Number(Atomics.load(this.#common, CLEARED));
    for (let slot = 0; slot < this.#threads * MOST_SLOW_REQUESTS; slot++) {
      if (this.#integers[slot * INTEGERS + VERSION] === 0) continue;
      const id = this.#floats[slot * FLOATS]!;
      if (id >= cleared) ids.push({ id, slot });
    }
    ids.sort((one, other) => other.id - one.id);
    return ids.slice(0, count).flatMap(({ id, slot }) => this.#read(slot, id) ?? []);
  }

  /** Forgets all entries. Ids go on. */
  clear(): void {
    Atomics.store(this.#common, CLEARED, Atomics.load(this.#common, NEXT_ID));
  }

  /** @returns undefined if it is no longer there */
  #read(slot: number, id: number): SlowEntry | undefined {
    const integers = this.#integers;
    const at = slot * INTEGERS;
    const version = Atomics.load(integers, at + VERSION);
    const [told, endedAtMs, durationMs, result, originMs, otherReadMs, transferMs, fenceMs] =
      this.#floats.slice(slot * FLOATS, (slot + 1) * FLOATS) as unknown as Numbers;
    const address = slot * TEXT_BYTES;
    const name = address + MOST_ADDRESS_BYTES;
    const body = name + MOST_NAME_BYTES;
    const entry: SlowEntry = {
      ...{ id, endedAtMs, durationMs, result, originMs, otherReadMs, transferMs, fenceMs },
      clientAddress: decoder.decode(this.#copy(address, integers[at + ADDRESS_BYTES]!)),
      clientName: decoder.decode(this.#copy(name, integers[at + NAME_BYTES]!)),
      body: this.#copy(body, integers[at + LENGTH]!),
    };
    const isWhole = version % 2 === 0 && told === id && Atomics.load(integers, at + VERSION) === version;
    return isWhole ? entry : undefined;
  }

  #write(text: string, at: number, most: number): number {
    // Not into shared memory at once: `encodeInto` refuses it in browsers.
    const bytes = encoder.encode(text).subarray(0, most);
    this.#texts.set(bytes, at);
    return bytes.length;
  }

  #copy(at: number, length: number): Uint8Array {
    const copy = new Uint8Array(length);
    copy.set(this.#texts.subarray(at, at + length));
    return copy;
  }
}

type Numbers = [number, number, number, number, number, number, number, number];
