import { READ, type RecordBatch } from "../../replay/records.ts";
import type { Faults } from "./faults.ts";
import { FixedParser } from "./fixed-parser.ts";
import { addRecord } from "./record-fields.ts";
import type { ParserContext, TraceFormat, TraceHead, TraceParser } from "./trace-format.ts";

type Version = 1 | 2;

/** Offsets of a record's fields, all little-endian. The version is in the upper byte of its field. */
interface Layout {
  readonly bytes: number;
  readonly size: number;
  readonly command: number;
  readonly version: number;
  readonly block: number;
  readonly microseconds: number;
}

const LAYOUTS: Readonly<Record<Version, Layout>> = {
  1: { bytes: 32, size: 4, command: 12, version: 14, block: 16, microseconds: 24 },
  2: { bytes: 40, size: 8, command: 0, version: 2, block: 16, microseconds: 24 },
};
const PROBED_RECORDS = 64;
/** SCSI's READ and WRITE of 6, 10, 12 and 16 bytes. */
const TRANSFERS = [0x08, 0x28, 0xa8, 0x88, 0x0a, 0x2a, 0xaa, 0x8a];

/**
 * VMware's vscsi traces of virtual disks (C. A. Waldspurger et al.: "Efficient MRC construction with SHARDS", FAST
 * 2015), in both versions: the key is the first block of a request, the size is its length. Reads and writes are both
 * requests for a block, as in the paper and in libCacheSim.
 */
export const vscsi: TraceFormat = {
  name: "vscsi",
  description: "VMware's virtual disk requests, versions 1 and 2",
  hasSizes: () => true,
  matches: (head) => !head.isText && versionOf(head.bytes) !== undefined,
  open: (context) => new Vscsi(context),
};

/** Detects the version first. */
class Vscsi implements TraceParser {
  readonly #faults: Faults;
  #parser: VscsiRecords | undefined;

  constructor({ faults }: ParserContext) {
    this.#faults = faults;
  }

  parse(bytes: Uint8Array, start: number, isLast: boolean, batch: RecordBatch): number {
    if (this.#parser === undefined) {
      // Two records show the version; a single one shows it by its length.
      if (bytes.length - start < 2 * LAYOUTS[2].bytes && !isLast) return start;
      const version = versionOf(bytes.subarray(start));
      if (version === undefined) this.#faults.fail("these are not vscsi records: they have no known version");
      this.#parser = new VscsiRecords(this.#faults, LAYOUTS[version]);
    }
    return this.#parser.parse(bytes, start, isLast, batch);
  }
}

class VscsiRecords extends FixedParser {
  readonly #layout: Layout;

  constructor(faults: Faults, layout: Layout) {
    super(faults, layout.bytes);
    this.#layout = layout;
  }

  protected override records(bytes: Uint8Array, start: number, last: number, batch: RecordBatch): number {
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const layout = this.#layout;
    let at = start;
    for (; at <= last && !batch.isFull; at += layout.bytes) {
      const block = at + layout.block;
      const size = view.getUint32(at + layout.size, true);
      if (size === 0 || !TRANSFERS.includes(view.getUint16(at + layout.command, true))) {
        this.faults.ignore("commands that neither read nor write");
        continue;
      }
      const high = view.getUint32(at + layout.microseconds + 4, true);
      const timeMs = (high * 2 ** 32 + view.getUint32(at + layout.microseconds, true)) / 1000;
      addRecord(batch, view.getUint32(block, true), view.getUint32(block + 4, true), size, timeMs, READ, 0);
    }
    return at;
  }
}

function versionOf(bytes: TraceHead["bytes"]): Version | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (const version of [2, 1] as const) {
    const layout = LAYOUTS[version];
    const records = Math.min(PROBED_RECORDS, Math.floor(bytes.length / layout.bytes));
    let fits = records > 0;
    for (let record = 0; record < records && fits; record++) {
      const at = record * layout.bytes;
      const command = view.getUint16(at + layout.command, true);
      fits = view.getUint16(at + layout.version, true) >>> 8 === version && command > 0 && command <= 0xff;
    }
    if (fits) return version;
  }
  return undefined;
}
