import type { Fill } from "../coherence/leases.ts";
import type { ByteBuffer, LargeValue, ValueSink } from "../lib/byte-buffer.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { Question } from "./question.ts";

/** What a cached read has served, and under which lease: all that its audit keeps. */
export interface AuditedRead extends Fill {
  readonly key: KeyRef;
  readonly question: Question;
  /** When the entry expires, in milliseconds of the cache's clock; 0: never. */
  readonly expiresAtMs: number;
  readonly valueBytes: number;
  readonly digest: bigint;
}

/** Whether bytes[start, end) are the value that was served. Of values that differ, one in 2^64 pairs looks equal. */
export function isServed(
  { valueBytes, digest }: AuditedRead,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  return end - start === valueBytes && digestOf(bytes, start, end) === digest;
}

/** Passes a cached value on to `inner`, and takes its digest. */
export class DigestingSink implements ValueSink {
  readonly takesLarge: boolean;
  /** Of the value; undefined: there was none, or a large one was handed on as it is. */
  digest: bigint | undefined;
  readonly #inner: ValueSink;
  #buffer: ByteBuffer | undefined;
  #start = 0;

  constructor(inner: ValueSink) {
    this.#inner = inner;
    this.takesLarge = inner.takesLarge === true;
  }

  openValue(lengthBytes: number): ByteBuffer {
    this.#buffer = this.#inner.openValue(lengthBytes);
    this.#start = this.#buffer.length;
    return this.#buffer;
  }

  closeValue(): void {
    const { bytes, length } = this.#buffer!;
    this.digest = digestOf(bytes, this.#start, length);
    this.#inner.closeValue();
  }

  takeLarge(value: LargeValue): void {
    this.#inner.takeLarge!(value);
  }
}

function digestOf(bytes: Uint8Array, start: number, end: number): bigint {
  return Bun.hash.xxHash64(bytes.subarray(start, end));
}
