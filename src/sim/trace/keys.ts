import { fromUtf8 } from "../../lib/bytes.ts";
import type { RecordBatch } from "../../replay/records.ts";
import { LineParser } from "./line-parser.ts";
import { isPreamble } from "./preamble.ts";
import { addKey } from "./record-fields.ts";
import { separatorName, shapeOf } from "./table-shape.ts";
import type { ParserContext, TraceFormat, TraceHead } from "./trace-format.ts";

/** If more than this share of the lines contains blanks, they may be sentences, or a table. */
const BLANK_SHARE = 0.2;
/** If more than this share of the lines contains the same separator, they may be a table with some broken rows. */
const SEPARATOR_SHARE = 0.5;
/** Messages of redis-cli are no longer than this. */
const PREAMBLE_LIMIT_BYTES = 200;

/** One key per line: any bytes except a line feed. Every non-empty line is a read. */
export const keys: TraceFormat = {
  name: "keys",
  description: "one key a line: any text",
  hasSizes: () => false,
  takesAnyText: true,
  matches: ({ isText }) => isText,
  doubt,
  open: (context) => new KeyLines(context),
};

function doubt(head: TraceHead): string | undefined {
  if (!head.isText) return undefined;
  const { width, separator, rows } = shapeOf(head);
  if (width > 1 && rows.length > 1) {
    return (
      `each of its first ${rows.length} lines has ${width} fields separated by ${separatorName(separator)}, and is taken ` +
      "for one key; --columns key=1 takes the first of them"
    );
  }
  const lines = head.lines.filter((line) => line.trim() !== "");
  return (
    doubtContaining(/[ \t]/, "blanks", BLANK_SHARE, lines) ??
    doubtContaining(/,/, "commas", SEPARATOR_SHARE, lines) ??
    doubtContaining(/;/, "semicolons", SEPARATOR_SHARE, lines) ??
    doubtContaining(/\|/, "bars", SEPARATOR_SHARE, lines)
  );
}

function doubtContaining(
  separator: RegExp,
  what: string,
  share: number,
  lines: readonly string[],
): string | undefined {
  const found = lines.filter((line) => separator.test(line));
  if (lines.length < 2 || found.length <= share * lines.length) return undefined;
  return `${found.length} of its first ${lines.length} lines contain ${what}, which is unusual for a list of keys; each line is taken for one key`;
}

class KeyLines extends LineParser {
  readonly #families: ParserContext["families"];
  #isFirst = true;

  constructor({ faults, families }: ParserContext) {
    super(faults);
    this.#families = families;
  }

  protected override line(bytes: Uint8Array, start: number, end: number, batch: RecordBatch): void {
    if (this.#isFirst) {
      this.#isFirst = false;
      const isShort = end - start <= PREAMBLE_LIMIT_BYTES;
      if (isShort && isPreamble(fromUtf8(bytes.subarray(start, end)))) return;
    }
    addKey(batch, bytes, start, end, this.#families);
  }
}
