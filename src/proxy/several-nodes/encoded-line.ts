import { fromLatin1 } from "../../lib/bytes.ts";

/** Returns a line of RESP, with its end. */
export function encodeLine(text: string): Uint8Array {
  return fromLatin1(`${text}\r\n`);
}
