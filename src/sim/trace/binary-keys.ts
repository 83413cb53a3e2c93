import { READ, type RecordBatch } from "../../replay/records.ts";
import type { Faults } from "./faults.ts";
import { FixedParser } from "./fixed-parser.ts";
import { addRecord } from "./record-fields.ts";
import type { TraceFormat } from "./trace-format.ts";

/**
 * Plain numbers as keys. The content does not reveal the format, so it must be given, at least by a name such as
 * `a.bin32le`.
 */
export const binaryKeys: readonly TraceFormat[] = ([4, 8] as const).flatMap((keyBytes) =>
  [true, false].map((isLittleEndian): TraceFormat => {
    const order = isLittleEndian ? "little" : "big";
    const name = `bin${keyBytes * 8}${isLittleEndian ? "le" : "be"}`;
    return {
      name,
      description: `binary keys of ${keyBytes * 8} bits, ${order}-endian (must be given)`,
      hasSizes: () => false,
      matches: ({ isText, fileName }) => !isText && fileName.endsWith(`.${name}`),
      open: ({ faults }) => new BinaryKeys(faults, keyBytes, isLittleEndian),
    };
  }),
);

class BinaryKeys extends FixedParser {
  readonly #isLittleEndian: boolean;

  constructor(faults: Faults, keyBytes: 4 | 8, isLittleEndian: boolean) {
    super(faults, keyBytes);
    this.#isLittleEndian = isLittleEndian;
  }

  protected override records(bytes: Uint8Array, start: number, last: number, batch: RecordBatch): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const { recordBytes } = this;
    const isLittleEndian = this.#isLittleEndian;
    const lowAt = recordBytes === 8 && !isLittleEndian ? 4 : 0;
    let at = start;
    for (; at <= last && !batch.isFull; at += recordBytes) {
      const low = view.getUint32(at + lowAt, isLittleEndian);
      const high = recordBytes === 8 ? view.getUint32(at + 4 - lowAt, isLittleEndian) : 0;
      addRecord(batch, low, high, 1, 0, READ, 0);
    }
    return at;
  }
}
