import { latin1 } from "../../lib/bytes.ts";
import type { TraceHead } from "./trace-format.ts";

/** First bytes of files of other kinds. */
const MAGIC: readonly (readonly [bytes: string, kind: string])[] = [
  ["%PDF-", "a PDF document"],
  ["\x89PNG\r\n", "a PNG picture"],
  ["GIF8", "a GIF picture"],
  ["\xff\xd8\xff", "a JPEG picture"],
  ["PK\x03\x04", "a ZIP archive"],
  ["\x7fELF", "a program"],
  ["SQLite format 3\0", "an SQLite database"],
  ["PAR1", "a Parquet file"],
  ["REDIS0", "a dump of Redis (RDB)"],
  ["\xff\xfe", "text in UTF-16; traces are UTF-8: convert it with iconv -f UTF-16 -t UTF-8"],
  ["\xfe\xff", "text in UTF-16; traces are UTF-8: convert it with iconv -f UTF-16 -t UTF-8"],
];
const MARKUP = /^<(?:!doctype|!--|\?xml|[a-z][a-z0-9:]*[\s/>])/i;
/** A brace that does not begin the hash tag of a key of Redis Cluster, as in `{user1}:name`. */
const OPENS_JSON = /^(?:\{\s*(?:"|\}?$)|\[\s*(?:[[{"]|$))/;

/** Returns the kind of a file that is certainly not a trace; undefined if it may be one. */
export function otherThanTrace({ bytes, lines, isText }: TraceHead): string | undefined {
  const beginning = latin1(bytes, 0, Math.min(16, bytes.length));
  const kind = MAGIC.find(([magic]) => beginning.startsWith(magic))?.[1];
  if (kind !== undefined || !isText) return kind;
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
