import { expect, test } from "bun:test";
import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";
import { latin1 } from "../lib/bytes.ts";
import { SpooledValue } from "./spooled-value.ts";

/** The least size of a piece that is not copied. */
const KEPT_BYTES = 16 * 1024;

function piece(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text));
}

function read(value: LargeValue, offset: number, count: number): string {
  const target = new ByteBuffer(1);
  target.append(piece(">"));
  expect(value.read(offset, count, target)).toBe(true);
  return latin1(target.view()).slice(1);
}

test("is read in any pieces, by each reader at its own speed", () => {
  const value = new SpooledValue(9);
  const [fast, slow] = [value.reader(), value.reader()];
  expect(fast.lengthBytes).toBe(9);
  value.append(piece("abcd"), 1, 4);
  value.append(piece("efg"), 0, 3);
  expect(value.receivedBytes).toBe(6);
  expect(read(fast, 0, 2)).toBe("bc");
  expect(read(fast, 2, 2)).toBe("de");
  value.append(piece("hij"), 0, 3);
  expect(read(fast, 4, 5)).toBe("fghij");
  expect(read(slow, 0, 9)).toBe("bcdefghij");
  expect(read(slow, 3, 3)).toBe("efg");
  expect(read(slow, 6, 1)).toBe("h");
});

test("tells how much of it is kept for a reader", () => {
  const value = new SpooledValue(6);
  const reader = value.reader();
  value.append(piece("abc"), 0, 3);
  expect(reader.heldBytes).toBe(3);
  read(reader, 0, 3);
  value.append(piece("def"), 0, 3);
  read(reader, 2, 1);
  expect(reader.heldBytes).toBe(4);
});

test("keeps a long piece that reaches to the end of its bytes, and copies any other", () => {
  const value = new SpooledValue(10 * KEPT_BYTES);
  value.reader();
  expect(value.append(new Uint8Array(KEPT_BYTES), 0, KEPT_BYTES)).toBe(true);
  expect(value.append(new Uint8Array(KEPT_BYTES + 1), 1, KEPT_BYTES + 1)).toBe(true);
  expect(value.append(new Uint8Array(KEPT_BYTES), 1, KEPT_BYTES)).toBe(false);
  expect(value.append(new Uint8Array(KEPT_BYTES + 1), 0, KEPT_BYTES)).toBe(false);
  const short = piece("ab");
  const reader = new SpooledValue(2);
  const own = reader.reader();
  expect(reader.append(short, 0, 2)).toBe(false);
  short.fill(0);
  expect(read(own, 0, 2)).toBe("ab");
});

test("without readers nothing is kept", () => {
  const value = new SpooledValue(2 * KEPT_BYTES);
  const reader = value.reader();
  reader.release();
  expect(value.append(new Uint8Array(KEPT_BYTES), 0, KEPT_BYTES)).toBe(false);
  expect(value.receivedBytes).toBe(KEPT_BYTES);
});

test("frees a piece once every reader is past it, or has gone", () => {
  const value = new SpooledValue(3 * KEPT_BYTES);
  const [first, second, third] = [value.reader(), value.reader(), value.reader()];
  const pieces = [1, 2, 3].map(() => new Uint8Array(KEPT_BYTES));
  for (const bytes of pieces) value.append(bytes, 0, KEPT_BYTES);
  const freed = () => pieces.map(({ byteLength }) => byteLength === 0);
  third.release();
  read(first, 2 * KEPT_BYTES, 1);
  expect(freed()).toEqual([false, false, false]);
  read(second, KEPT_BYTES - 1, 1);
  expect(freed()).toEqual([false, false, false]);
  read(second, KEPT_BYTES, 1);
  expect(freed()).toEqual([true, false, false]);
  second.release();
  expect(freed()).toEqual([true, true, false]);
  expect(read(first, 2 * KEPT_BYTES, 2)).toBe("\0\0");
  first.release();
  expect(freed()).toEqual([true, true, true]);
});
