import { latin1 } from "../../lib/bytes.ts";
import type { TraceHead } from "./trace-format.ts";

/** First bytes of files of other kinds, which are not texts. */
const MAGIC: readonly (readonly [bytes: string, kind: string])[] = [
  ["\x89PNG\r\n", "a PNG picture"],
  ["GIF8", "a GIF picture"],
  ["\xff\xd8\xff", "a JPEG picture"],
  ["RIFF", "a RIFF file, such as a WebP picture or a WAV sound"],
  ["II*\0", "a TIFF picture"],
  ["MM\0*", "a TIFF picture"],
  ["BM", "a BMP picture"],
  ["PK\x03\x04", "a ZIP archive"],
  ["7z\xbc\xaf", "a 7z archive"],
  ["\x7fELF", "a program"],
  ["SQLite format 3\0", "an SQLite database"],
  ["PAR1", "a Parquet file"],
  ["REDIS0", "a dump of Redis (RDB)"],
  ["\xff\xfe", "text in UTF-16; traces are UTF-8: convert it with iconv -f UTF-16 -t UTF-8"],
  ["\xfe\xff", "text in UTF-16; traces are UTF-8: convert it with iconv -f UTF-16 -t UTF-8"],
];
const PDF = "%PDF-";
/** The header of a file in a tar archive has this name at this place. */
const TAR = "ustar";
const TAR_AT = 257;
const MARKUP = /^<(?:!doctype|!--|\?xml|[a-z][a-z0-9:]*[\s/>])/i;
/** A brace that does not begin the hash tag of a key of Redis Cluster, as in `{user1}:name`. */
const OPENS_JSON = /^(?:\{\s*(?:"|\}?$)|\[\s*(?:[[{"]|$))/;

/** Returns the kind of a file that is certainly not a trace; undefined if it may be one. */
export function otherThanTrace({ bytes, lines, isText }: TraceHead): string | undefined {
  const beginning = latin1(bytes, 0, Math.min(16, bytes.length));
  if (beginning.startsWith(PDF)) return "a PDF document";
  if (!isText) {
    const isTar = bytes.length > TAR_AT + TAR.length && latin1(bytes, TAR_AT, TAR_AT + TAR.length) === TAR;
    return isTar
      ? "a tar archive; unpack it first"
      : MAGIC.find(([magic]) => beginning.startsWith(magic))?.[1];
  }
  const first = lines.find((line) => line.trim() !== "")?.trim() ?? "";
  if (MARKUP.test(first)) return "HTML or XML";
  return OPENS_JSON.test(first) || isJson(first) ? "JSON" : undefined;
}

function isJson(line: string): boolean {
  if (!/^[[{]/.test(line)) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}
