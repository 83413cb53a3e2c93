import { expect, test } from "bun:test";
import { NEVER } from "./engine.ts";
import {
  isExpired,
  readExpiry,
  readHash,
  recordExpiry,
  recordLength,
  valueOffset,
  writeExpiry,
  writeHash,
  writeRecord,
} from "./record.ts";
import { hashKeyBytes, readHashKey } from "./table-hash.ts";

test("a record is a zero and the value, or a one, the expiry and the value", () => {
  const source = Uint8Array.of(9, 1, 2, 3, 9);
  const lasting = new Uint8Array(recordLength(3, NEVER));
  writeRecord(lasting, source, 1, 4, NEVER);
  expect([...lasting]).toEqual([0, 1, 2, 3]);
  expect([valueOffset(lasting), recordExpiry(lasting)]).toEqual([1, NEVER]);
  const expiring = new Uint8Array(recordLength(3, 0x1_0203_0405_0607));
  writeRecord(expiring, source, 1, 4, 0x1_0203_0405_0607);
  expect([...expiring]).toEqual([1, 0, 1, 2, 3, 4, 5, 6, 7, 1, 2, 3]);
  expect([valueOffset(expiring), recordExpiry(expiring)]).toEqual([9, 0x1_0203_0405_0607]);
});

test.each([0, 1, 0xff, 0xffff_ffff, 0x1_0000_0000, 1_700_000_000_123, 2 ** 53 - 1, 2 ** 62])(
  "the expiry %d is read as it was written, and lies in the order of time",
  (expiresAtMs) => {
    const bytes = new Uint8Array(12);
    writeExpiry(bytes, 2, expiresAtMs);
    expect(readExpiry(bytes, 2)).toBe(expiresAtMs);
    expect([bytes[1], bytes[10]]).toEqual([0, 0]);
    const later = new Uint8Array(12);
    writeExpiry(later, 2, expiresAtMs * 2 + 1);
    expect(Buffer.compare(bytes, later)).toBe(-1);
  },
);

test("hashes are unsigned, their first byte the most significant one", () => {
  const bytes = new Uint8Array(5);
  writeHash(bytes, 1, 0xfedc_ba98);
  expect([...bytes]).toEqual([0, 0xfe, 0xdc, 0xba, 0x98]);
  expect([readHash(bytes, 1), readHash(bytes)]).toEqual([0xfedc_ba98, 0x00fe_dcba]);
});

test("a record has expired from its expiry on", () => {
  expect([isExpired(5, 4), isExpired(5, 5), isExpired(NEVER, 1e15)]).toEqual([false, true, false]);
});

test("the secret of the hash is stored with its high half first", () => {
  const stored = hashKeyBytes({ low: 0x0102_0304, high: 0xf506_0708 });
  expect([...stored]).toEqual([0xf5, 6, 7, 8, 1, 2, 3, 4]);
  expect(readHashKey(stored)).toEqual({ low: 0x0102_0304, high: 0xf506_0708 });
});
