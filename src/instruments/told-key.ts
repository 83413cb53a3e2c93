import { fromStrictUtf8, latin1 } from "../lib/bytes.ts";
import type { ToldKey } from "./view.ts";

/** The mark of a key that is only told in part. */
const CUT_MARK = "…";
/** No character of UTF-8 has more bytes. */
const LONGEST_CHARACTER_BYTES = 4;

/**
 * Tells a key in JSON: as text if it is valid UTF-8, as base64 otherwise.
 * @param isCut the bytes are only the key's beginning: a text then ends with "…", and not within a character
 */
export function toldKey(bytes: Uint8Array, isCut = false): ToldKey {
  const text = fromStrictUtf8(bytes);
  if (text !== undefined) return { text: isCut ? text + CUT_MARK : text };
  if (isCut) {
    for (let cut = 1; cut < LONGEST_CHARACTER_BYTES && cut <= bytes.length; cut++) {
      const shorter = fromStrictUtf8(bytes.subarray(0, bytes.length - cut));
      if (shorter !== undefined) return { text: shorter + CUT_MARK };
    }
  }
  return { base64: btoa(latin1(bytes)) };
}
