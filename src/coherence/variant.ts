import { equalBytes } from "../lib/bytes.ts";

const NOTHING = new Uint8Array(0);

/**
 * The question about a key that an entry answers. A key may have one entry per question. All of them have the key's
 * hash, so they lie in one chain of the index and are removed together when the key changes.
 */
export interface Variant {
  /**
   * `VALUE` and `ABSENCE` take 0 and 1. The owner of the store gives the kinds from 2 to `KIND_LIMIT` their meaning.
   */
  readonly kind: number;
  /** The question's argument, such as the name of a field: bytes[start, end). It is stored with the entry. */
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
/** The key does not exist; the entry's value is empty. */
export const ABSENCE: Variant = { kind: 1, bytes: NOTHING, start: 0, end: 0 };

export const KIND_LIMIT = 7;
