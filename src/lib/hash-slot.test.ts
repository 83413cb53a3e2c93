import { expect, test } from "bun:test";
import fc from "fast-check";
import { utf8 } from "./bytes.ts";
import { HASH_SLOTS, hashSlotOf } from "./hash-slot.ts";

function slotOf(text: string): number {
  const bytes = utf8(text);
  return hashSlotOf(bytes, 0, bytes.length);
}

test("the slot is the CRC16 of the key, modulo the number of slots", () => {
  expect(slotOf("123456789")).toBe(0x31c3);
  expect(slotOf("foo")).toBe(12_182);
  expect(slotOf("")).toBe(0);
  expect(HASH_SLOTS).toBe(16_384);
});

test("a hash tag that is not empty decides alone", () => {
  expect(slotOf("{user1000}.following")).toBe(slotOf("user1000"));
  expect(slotOf("{user1000}.followers")).toBe(slotOf("user1000"));
  expect(slotOf("foo{bar}{zap}")).toBe(slotOf("bar"));
  expect(slotOf("foo{{bar}}zap")).toBe(slotOf("{bar"));
  expect(slotOf("foo}{bar}")).toBe(slotOf("bar"));
});

test("the whole key decides if the first brace has no partner, or nothing between", () => {
  // As CLUSTER KEYSLOT of a redis-server 7.0 answers.
  expect(slotOf("foo{}{bar}")).toBe(8363);
  expect(slotOf("foo{bar")).toBe(15_278);
});

test("only the bytes of the key count", () => {
  const bytes = utf8("xx{tag}yy}");
  expect(hashSlotOf(bytes, 2, 7)).toBe(slotOf("tag"));
  // The closing brace lies behind the key.
  expect(hashSlotOf(bytes, 2, 6)).toBe(slotOf("{tag"));
});

test("is the remainder of a division bit by bit, for keys of any length", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 40 }), fc.nat(10), (bytes, skipped) => {
      const start = Math.min(skipped, bytes.length);
      const key = bytes.map((byte) => (byte === 0x7b ? 0 : byte));
      let crc = 0;
      for (const byte of key.subarray(start)) {
        crc ^= byte << 8;
        for (let bit = 0; bit < 8; bit++)
          crc = (crc & 0x8000) === 0 ? crc << 1 : ((crc << 1) ^ 0x1021) & 0xffff;
      }
      expect(hashSlotOf(key, start, key.length)).toBe(crc % HASH_SLOTS);
    }),
  );
});
