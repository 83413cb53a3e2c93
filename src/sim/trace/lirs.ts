import type { RecordBatch } from "../../replay/records.ts";
import { LineParser } from "./line-parser.ts";
import { addKey, quoted, setNumber } from "./record-fields.ts";
import type { TraceFormat } from "./trace-format.ts";

const STAR = 0x2a;
const SPACE = 0x20;

/**
 * The traces published with LIRS (S. Jiang, X. Zhang: "LIRS: an efficient low inter-reference recency set replacement
 * policy", SIGMETRICS 2002): one block number per line. A `*` made their simulator print its state.
 */
export const lirs: TraceFormat = {
  name: "lirs",
  description: "block numbers, one per line; lines with * are skipped",
  hasSizes: () => false,
  // With the format's extension, one such line is enough; any others are broken lines, not another format.
  matches: ({ fileName, isText, lines, hasColumns }) =>
    isText &&
    !hasColumns &&
    (/\.(?:lirs|trc)$/.test(fileName)
      ? lines.some((line) => /^\s*(?:[0-9]+|\*)\s*$/.test(line))
      : lines.every((line) => /^\s*(?:[0-9]*|\*)\s*$/.test(line)) &&
        lines.some((line) => line.trim() === "*")),
  open: ({ faults }) => new LirsLines(faults),
};

class LirsLines extends LineParser {
  protected override line(bytes: Uint8Array, start: number, end: number, batch: RecordBatch): void {
    let first = start;
    let last = end;
    while (first < last && bytes[first]! <= SPACE) first++;
    while (last > first && bytes[last - 1]! <= SPACE) last--;
    if (first === last || bytes[first] === STAR) return;
    if (setNumber(batch, batch.count, bytes, first, last)) addKey(batch, bytes, first, last, undefined);
    else this.bad(`${quoted(bytes, first, last)} is not a block number`);
  }
}
