import { equalBytes } from "../lib/bytes.ts";

const NOTHING = new Uint8Array(0);

/**
 * Which question about its key an entry answers. A key may have an entry for each question that was asked of it; all
 * of them have the key's hash, so that they lie in one chain of the index and go at once when the key changes.
 */
export interface Variant {
  /** `VALUE`'s and `ABSENCE`'s are taken; those from 2 to `KIND_LIMIT` mean what the owner of the store says. */
  readonly kind: number;
  /** What is asked besides the key, such as the name of a field: bytes[start, end). It is kept with the entry. */
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export function isSameVariant(one: Variant, other: Variant): boolean {
  if (one === other) return true;
  return (
    one.kind === other.kind &&
    one.end - one.start === other.end - other.start &&
    equalBytes(one.bytes, one.start, one.end, other.bytes, other.start)
  );
}

/** The key's value: what GET asks for. */
export const VALUE: Variant = { kind: 0, bytes: NOTHING, start: 0, end: 0 };
/** That there is no such key; its entry's value is empty. */
export const ABSENCE: Variant = { kind: 1, bytes: NOTHING, start: 0, end: 0 };

export const KIND_LIMIT = 7;
