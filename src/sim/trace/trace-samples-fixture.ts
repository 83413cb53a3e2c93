import { encodeBlock, RecordingBlock, recordingHeader } from "../../instruments/recording.ts";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { writeKeyHash } from "../../lib/key-hash.ts";
import { DELETE, READ, RecordBatch, type RecordSource, WRITE } from "../../replay/records.ts";
import type { KeyFamilies } from "../key-families.ts";
import { type Columns, parseColumns } from "./columns.ts";
import { Faults } from "./faults.ts";
import { traceFormats } from "./registry.ts";

/** A record as tests write it. */
export interface PlainRecord {
  /** A number, or the hash of a text. */
  readonly key: bigint;
  readonly size: number;
  readonly timeMs: number;
  readonly operation: number;
  readonly ttlMs: number;
}

export interface TraceSample {
  readonly format: string;
  readonly fileName: string;
  readonly columns?: string;
  readonly bytes: Uint8Array;
  readonly records: readonly PlainRecord[];
  /** Whether its format cannot be detected. */
  readonly mustBeTold?: boolean;
}

export function keyOf(text: string): bigint {
  const bytes = Buffer.from(text);
  if (/^(0|[1-9][0-9]*)$/.test(text) && BigInt(text) < 2n ** 64n) return BigInt(text);
  const low = new Uint32Array(1);
  const high = new Uint32Array(1);
  writeKeyHash(bytes, 0, bytes.length, low, high, 0);
  return (BigInt(high[0]!) << 32n) | BigInt(low[0]!);
}

export function record(key: string | bigint, parts: Partial<PlainRecord> = {}): PlainRecord {
  const number = typeof key === "bigint" ? key : keyOf(key);
  return { size: 1, timeMs: 0, operation: READ, ttlMs: 0, ...parts, key: number };
}

function plainRecords(batch: RecordBatch): PlainRecord[] {
  return Array.from({ length: batch.count }, (_, i) => ({
    key: (BigInt(batch.keyHigh[i]!) << 32n) | BigInt(batch.keyLow[i]!),
    size: batch.size[i]!,
    timeMs: batch.timeMs[i]!,
    operation: batch.operation[i]!,
    ttlMs: batch.ttlMs[i]!,
  }));
}

export async function readAll(source: RecordSource): Promise<PlainRecord[]> {
  const records: PlainRecord[] = [];
  await source.read((batch) => {
    records.push(...plainRecords(batch));
    return true;
  });
  return records;
}

export interface ParseOptions {
  readonly columns?: string | undefined;
  readonly skipsBad?: boolean;
  readonly families?: KeyFamilies;
  /** Positions at which the bytes are cut into pieces. */
  readonly cuts?: readonly number[];
  readonly batchCapacity?: number;
}

export interface Parsed {
  readonly records: PlainRecord[];
  readonly families: number[];
  readonly faults: Faults;
}

const FORMATS = await traceFormats();

/** Feeds a parser as sources do, with pieces cut where the test wants them. */
export function parse(formatName: string, bytes: Uint8Array, options: ParseOptions = {}): Parsed {
  const { cuts = [], batchCapacity = 100, families } = options;
  const columns: Columns | undefined =
    options.columns === undefined ? undefined : parseColumns(options.columns);
  const faults = new Faults("t", options.skipsBad === true);
  const format = FORMATS.find(({ name }) => name === formatName)!;
  const parser = format.open({ faults, families, columns });
  const batch = new RecordBatch(batchCapacity);
  const records: PlainRecord[] = [];
  const numbers: number[] = [];
  const deliver = (): void => {
    records.push(...plainRecords(batch));
    numbers.push(...batch.family.subarray(0, batch.count));
    batch.count = 0;
  };
  let held: Uint8Array = new Uint8Array(0);
  const ends = [...cuts].filter((cut) => cut <= bytes.length).sort((a, b) => a - b);
  let from = 0;
  for (const [piece, end] of [...ends, bytes.length, bytes.length].entries()) {
    // Another offset in a buffer for every piece, as with pipes: no code may rely on aligned words.
    const offset = (piece + 1) % 8;
    held = Buffer.concat([new Uint8Array(offset), held, bytes.subarray(from, end)]).subarray(offset);
    from = end;
    let at = 0;
    for (;;) {
      at = parser.parse(held, at, piece === ends.length + 1, batch);
      if (!batch.isFull) break;
      deliver();
    }
    held = held.subarray(at);
  }
  deliver();
  return { records, families: numbers, faults };
}

export const text = (...lines: readonly string[]): Uint8Array => Buffer.from(lines.join("\n"));

function oracleBytes(records: readonly (readonly [number, bigint, number])[]): Uint8Array {
  const bytes = Buffer.alloc(records.length * 24);
  for (const [i, [seconds, key, size]] of records.entries()) {
    bytes.writeUInt32LE(seconds, i * 24);
    bytes.writeBigUInt64LE(key, i * 24 + 4);
    bytes.writeUInt32LE(size, i * 24 + 12);
    bytes.writeBigInt64LE(-2n, i * 24 + 16);
  }
  return bytes;
}

function vscsiBytes(version: 1 | 2): Uint8Array {
  const length = version === 1 ? 32 : 40;
  const bytes = Buffer.alloc(3 * length);
  for (const [i, command] of [0x28, 0x2a, 0x88].entries()) {
    const at = i * length;
    bytes.writeUInt16LE(command, at + (version === 1 ? 12 : 0));
    bytes.writeUInt16LE(version << 8, at + (version === 1 ? 14 : 2));
    bytes.writeUInt32LE(512 * (i + 1), at + (version === 1 ? 4 : 8));
    bytes.writeBigUInt64LE(2n ** 33n + BigInt(i), at + 16);
    bytes.writeBigUInt64LE(BigInt(1_000_000 + i * 500), at + 24);
  }
  return bytes;
}

const VSCSI_RECORDS = [0, 1, 2].map((i) =>
  record(2n ** 33n + BigInt(i), { size: 512 * (i + 1), timeMs: 1000 + i / 2 }),
);

function recordingBytes(holdsKeys: boolean): Uint8Array {
  const out = new ByteBuffer();
  out.append(recordingHeader(holdsKeys));
  for (const keys of [
    ["user:1", "42", "user:1"],
    ["page/é", "user:1"],
  ]) {
    const block = new RecordingBlock(10, holdsKeys ? 1000 : 0);
    for (const [i, key] of keys.entries()) {
      const bytes = Buffer.from(key);
      const number = keyOf(key);
      const operation = key === "42" ? WRITE : READ;
      const [low, high] = [Number(number & 0xffff_ffffn), Number(number >> 32n)];
      block.add(operation, 1_700_000_000_000 + i * 1000, low, high, 300 + i, i === 1 ? 60_000 : 0);
      if (holdsKeys) block.addKey(bytes, 0, bytes.length);
    }
    encodeBlock(block, 0, 0, out);
  }
  return new Uint8Array(out.view());
}

const RECORDED = [
  ["user:1", READ, 0],
  ["42", WRITE, 1],
  ["user:1", READ, 2],
  ["page/é", READ, 0],
  ["user:1", READ, 1],
].map(([key, operation, i]) =>
  record(key as string, {
    size: 300 + (i as number),
    timeMs: 1_700_000_000_000 + (i as number) * 1000,
    operation: operation as number,
    ttlMs: i === 1 ? 60_000 : 0,
  }),
);

function binarySample(name: string, bytes: Uint8Array, keys: readonly bigint[]): TraceSample {
  return {
    format: name,
    fileName: "t.bin",
    bytes,
    records: keys.map((key) => record(key)),
    mustBeTold: true,
  };
}

const ORACLE = [
  [0, 1n, 100],
  [1, 2n ** 63n + 5n, 200],
  [1, 1n, 100],
] as const;

/** A trace in each format, and its records. */
export const TRACE_SAMPLES: readonly TraceSample[] = [
  {
    format: "keys",
    fileName: "access.txt",
    bytes: text(
      "user:1",
      "page/é, 2",
      "",
      "42\r",
      "18446744073709551615",
      "18446744073709551616",
      "007",
      "last",
    ),
    records: ["user:1", "page/é, 2", "42", "18446744073709551615", "18446744073709551616", "007", "last"].map(
      (key) => record(key),
    ),
  },
  {
    format: "csv",
    fileName: "-",
    bytes: text(
      "time,key,size,op,ttl",
      '1.5,"a ""b"", c",10,get,',
      "2,7,20,SET,60",
      '3,"two\nlines",1,delete,0\r\n',
    ),
    records: [
      record('a "b", c', { size: 10, timeMs: 1500 }),
      record("7", { size: 20, timeMs: 2000, operation: WRITE, ttlMs: 60_000 }),
      record("two\nlines", { timeMs: 3000, operation: DELETE }),
    ],
  },
  {
    format: "csv",
    fileName: "t.tsv",
    columns: "key=3,size=1",
    bytes: text("10\tx\tk 1", "20\ty\tk,2\n"),
    records: [record("k 1", { size: 10 }), record("k,2", { size: 20 })],
  },
  {
    format: "oracleGeneral",
    fileName: "t.bin",
    bytes: oracleBytes(ORACLE),
    records: ORACLE.map(([seconds, key, size]) => record(key, { size, timeMs: seconds * 1000 })),
  },
  { format: "vscsi", fileName: "t.vscsi", bytes: vscsiBytes(1), records: VSCSI_RECORDS },
  { format: "vscsi", fileName: "t", bytes: vscsiBytes(2), records: VSCSI_RECORDS },
  {
    format: "twitter",
    fileName: "cluster052",
    bytes: text("0,nz:u:eeW511W3dcH3de3d15ec,22,304,12,get,0", "1,a,b,3,5,7,set,30", "2,9,1,0,7,delete,0"),
    records: [
      record("nz:u:eeW511W3dcH3de3d15ec", { size: 326 }),
      record("a,b", { size: 8, timeMs: 1000, operation: WRITE, ttlMs: 30_000 }),
      record("9", { size: 1, timeMs: 2000, operation: DELETE }),
    ],
  },
  {
    format: "arc",
    fileName: "P1.lis",
    bytes: text("100 3 0 1", "4294967295 2 0 2", "7 1 0 3"),
    records: [100n, 101n, 102n, 4294967295n, 4294967296n, 7n].map((key) => record(key)),
  },
  {
    format: "lirs",
    fileName: "multi1.trace",
    bytes: text("1", "2", "*", " 3 ", "", "1", "*"),
    records: [1n, 2n, 3n, 1n].map((key) => record(key)),
  },
  binarySample("bin32le", Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0x80), [1n, 0x8000_0000n]),
  binarySample("bin32be", Uint8Array.of(0, 0, 0, 1, 0x80, 0, 0, 0), [1n, 0x8000_0000n]),
  binarySample("bin64le", Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0x80), [0x8000_0000_0000_0001n]),
  binarySample("bin64be", Uint8Array.of(0x80, 0, 0, 0, 0, 0, 0, 1), [0x8000_0000_0000_0001n]),
  {
    format: "monitor",
    fileName: "monitor.log",
    bytes: text(
      "OK",
      '1339518083.107412 [0 127.0.0.1:60866] "keys" "*"',
      '1339518084.000000 [0 127.0.0.1:60866] "SET" "user:1" "a\\"b\\x00\\n" "EX" "10"',
      '1339518085.000000 [0 [::1]:60866] "get" "user:1"',
      '1339518086.000000 [0 lua] "mset" "a" "12345" "b \\\\" "1"',
      '1339518087.000000 [0 unix:/tmp/s] "MGET" "a" "b \\\\" "c"',
      '1339518088.000000 [0 127.0.0.1:1] "del" "a" "c"',
      '1339518089.000000 [0 127.0.0.1:1] "psetex" "d" "1500" "xy"',
    ),
    records: [
      record("user:1", { size: 5, timeMs: 1339518084000, operation: WRITE, ttlMs: 10_000 }),
      record("user:1", { size: 5, timeMs: 1339518085000, ttlMs: 9000 }),
      record("a", { size: 5, timeMs: 1339518086000, operation: WRITE }),
      record("b \\", { size: 1, timeMs: 1339518086000, operation: WRITE }),
      record("a", { size: 5, timeMs: 1339518087000 }),
      record("b \\", { size: 1, timeMs: 1339518087000 }),
      record("c", { timeMs: 1339518087000 }),
      record("a", { timeMs: 1339518088000, operation: DELETE }),
      record("c", { timeMs: 1339518088000, operation: DELETE }),
      record("d", { size: 2, timeMs: 1339518089000, operation: WRITE, ttlMs: 1500 }),
    ],
  },
  { format: "recording", fileName: "r", bytes: recordingBytes(false), records: RECORDED },
  { format: "recording", fileName: "r", bytes: recordingBytes(true), records: RECORDED },
];
