import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { open } from "lmdb";
import { hashBytes } from "../lib/hash.ts";
import { NEVER } from "./engine.ts";
import { version1Frame, version2File } from "./journal-fixture.ts";
import { EXPIRY_BYTES, HASH_BYTES, recordLength, writeExpiry, writeHash, writeRecord } from "./record.ts";

export interface EarlierEntry {
  readonly key: Uint8Array;
  readonly value: Uint8Array;
  readonly expiresAtMs: number;
}

const SEED = 0x1234_5678;
const BINARY = { encoding: "binary", keyEncoding: "binary" } as const;

/**
 * Makes a data directory in an earlier format.
 * @param stored the contents of the database
 * @param journaled further contents of the journal, a frame for each
 */
export async function makeEarlierDirectory(
  directory: string,
  format: 1 | 2,
  stored: readonly EarlierEntry[],
  journaled: readonly EarlierEntry[],
): Promise<void> {
  mkdirSync(directory, { recursive: true });
  const root = open({ path: directory, ...BINARY, overlappingSync: false });
  root.transactionSync(() => {
    const [data, expiry, meta] = ["data", "expiry", "meta"].map((name) => root.openDB({ ...BINARY, name }));
    for (const entry of stored) {
      const key = storedKey(entry.key);
      data!.putSync(key, recordOf(entry));
      if (entry.expiresAtMs === NEVER) continue;
      const expiryKey = new Uint8Array(EXPIRY_BYTES + key.length);
      writeExpiry(expiryKey, 0, entry.expiresAtMs);
      expiryKey.set(key, EXPIRY_BYTES);
      expiry!.putSync(expiryKey, new Uint8Array(0));
    }
    meta!.putSync(Buffer.from("version"), Uint8Array.of(format));
    const seed = new Uint8Array(4);
    writeHash(seed, 0, SEED);
    meta!.putSync(Buffer.from("seed"), seed);
    const contained = new Uint8Array(8);
    contained[7] = CONTAINED;
    meta!.putSync(Buffer.from("journal"), contained);
  });
  await root.close();
  if (journaled.length === 0) return;
  const puts = journaled.map((entry) => [storedKey(entry.key), recordOf(entry)] as const);
  if (format === 1) {
    const frames = puts.map(([key, record]) => version1Frame(key, record));
    writeFileSync(join(directory, `journal-${CONTAINED + 1}`), Buffer.concat(frames));
    return;
  }
  const half = Math.ceil(puts.length / 2);
  const first = version2File(CONTAINED + 1, 0, puts.slice(0, half));
  writeFileSync(join(directory, "journal-odd"), first);
  writeFileSync(join(directory, "journal-even"), version2File(CONTAINED + 2, first.length, puts.slice(half)));
}

/** The last use of the journal that the database contains. */
const CONTAINED = 6;

function storedKey(key: Uint8Array): Uint8Array {
  const stored = new Uint8Array(HASH_BYTES + key.length);
  writeHash(stored, 0, hashBytes(key, 0, key.length, SEED));
  stored.set(key, HASH_BYTES);
  return stored;
}

function recordOf({ value, expiresAtMs }: EarlierEntry): Uint8Array {
  const record = new Uint8Array(recordLength(value.length, expiresAtMs));
  writeRecord(record, value, 0, value.length, expiresAtMs);
  return record;
}
