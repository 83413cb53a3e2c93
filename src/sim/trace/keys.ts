import type { RecordBatch } from "../records.ts";
import { LineParser } from "./line-parser.ts";
import { addKey } from "./record-fields.ts";
import type { ParserContext, TraceFormat } from "./trace-format.ts";

/** One key a line: any bytes but a line feed. Every line that is not empty is a read. */
export const keys: TraceFormat = {
  name: "keys",
  description: "one key a line: any text",
  hasSizes: () => false,
  matches: ({ isText }) => isText,
  open: (context) => new KeyLines(context),
};

class KeyLines extends LineParser {
  readonly #families: ParserContext["families"];

  constructor({ faults, families }: ParserContext) {
    super(faults);
    this.#families = families;
  }

  protected override line(bytes: Uint8Array, start: number, end: number, batch: RecordBatch): void {
    addKey(batch, bytes, start, end, this.#families);
  }
}
