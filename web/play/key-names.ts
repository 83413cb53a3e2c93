import { fromUtf8 } from "../../src/lib/bytes.ts";
import type { RecordBatch } from "../../src/replay/records.ts";
import type { KeyObserver } from "../../src/sim/trace/trace-format.ts";

/** Bytes of a key that are kept for its name. */
const NAME_BYTES = 48;
/** Keys whose texts are kept: more than a batch has, for a parser may read some ahead. */
const KEPT = 16_384;

/** The texts of the keys that were read last, for those that turn out to be new. Numbers name themselves. */
export class KeyNames implements KeyObserver {
  readonly #texts = new Uint8Array(KEPT * NAME_BYTES);
  readonly #lengths = new Uint32Array(KEPT);
  #count = 0;

  /** Keeps a key's text. @returns its number, from 1 to `KEPT` */
  numberOf(bytes: Uint8Array, start: number, end: number): number {
    const place = this.#count++ % KEPT;
    const length = end - start;
    this.#lengths[place] = length;
    this.#texts.set(bytes.subarray(start, start + Math.min(length, NAME_BYTES)), place * NAME_BYTES);
    return place + 1;
  }

  /** Names the key of a record that was read just now. */
  nameOf({ family, keyLow, keyHigh }: RecordBatch, index: number): string {
    const number = family[index]!;
    if (number === 0) return String((BigInt(keyHigh[index]!) << 32n) | BigInt(keyLow[index]!));
    const at = (number - 1) * NAME_BYTES;
    const length = this.#lengths[number - 1]!;
    const text = fromUtf8(this.#texts.subarray(at, at + Math.min(length, NAME_BYTES)));
    return length > NAME_BYTES ? `${text}…` : text;
  }
}
