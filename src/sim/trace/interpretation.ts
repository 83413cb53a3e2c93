import { fromUtf8 } from "../../lib/bytes.ts";
import { type Interpretation, RecordBatch } from "../../replay/records.ts";
import type { Columns } from "./columns.ts";
import { Faults } from "./faults.ts";
import { UNIT_SEPARATOR } from "./record-fields.ts";
import type { KeyObserver, TraceFormat, TraceHead } from "./trace-format.ts";

/** Longest part of a key that is shown. */
const SHOWN_CHARACTERS = 60;
const SHOWN_BYTES = 4 * SHOWN_CHARACTERS;
/** Separates the columns of a composed key. */
const PARTS = String.fromCharCode(UNIT_SEPARATOR);

/** Describes how a trace is interpreted, from its first bytes. */
export function describeInterpretation(
  format: TraceFormat,
  head: TraceHead,
  columns: Columns | undefined,
): Interpretation {
  const detail = format.describe?.(head, columns);
  const key = firstKey(format, head, columns);
  return {
    description: [
      detail === undefined ? format.name : `${format.name}, ${detail}`,
      ...(key === undefined ? [] : [`first key ${key}`]),
    ].join("; "),
    doubt: format.doubt?.(head),
  };
}

/** Keeps the text of the first key. */
class FirstKey implements KeyObserver {
  text: string | undefined;

  numberOf(bytes: Uint8Array, start: number, end: number): number {
    if (this.text !== undefined) return 0;
    const whole = fromUtf8(bytes.subarray(start, Math.min(end, start + SHOWN_BYTES)));
    const shown = whole.slice(0, SHOWN_CHARACTERS);
    const plain = shown.replaceAll(PARTS, "+").replace(/\p{C}/gu, "?");
    this.text = `"${plain}${shown.length < whole.length || end - start > SHOWN_BYTES ? "…" : ""}"`;
    return 0;
  }
}

/** Returns the first key in readable form; undefined if the first record is not whole within the head. */
function firstKey(format: TraceFormat, head: TraceHead, columns: Columns | undefined): string | undefined {
  const batch = new RecordBatch(1);
  const observer = new FirstKey();
  try {
    const parser = format.open({
      faults: new Faults("", true),
      families: observer,
      columns,
      shape: head.found.shape,
    });
    parser.parse(head.bytes, 0, head.isWhole, batch);
  } catch {
    // Ignore the error: the reader of the trace reports it.
    return undefined;
  }
  if (batch.count === 0) return undefined;
  return observer.text ?? String((BigInt(batch.keyHigh[0]!) << 32n) | BigInt(batch.keyLow[0]!));
}
