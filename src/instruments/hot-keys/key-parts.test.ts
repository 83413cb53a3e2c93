import { expect, test } from "bun:test";
import fc from "fast-check";
import { fromUtf8, utf8 } from "../../lib/bytes.ts";
import { endOfPart, PartWriter } from "./key-parts.ts";

function written(part: string): string {
  const bytes = utf8(part);
  const name = new Uint8Array(96);
  return fromUtf8(name.subarray(0, new PartWriter().write(bytes, 0, bytes.length, name, 0)));
}

test.each([
  ["17", "*"],
  ["0", "*"],
  ["-17", "-*"],
  ["550e8400-e29b-41d4-a716-446655440000", "*"],
  ["beefcafe-dead-beef-face-feedbeeffade", "*"],
  ["deadbeef", "*"],
  ["9f86d081884c7d65", "*"],
  ["a1b2c3", "*"],
  ["ab12cd", "*"],
  ["c0ffee", "*"],
  ["V1StGXR8_Z5jdHi6B-myT", "*"],
  ["dQw4w9WgXcQ", "*"],
  ["01ARZ3NDEKTSV4RRFFQ69G5FAV", "*"],
  ["507f1f77bcf86cd799439011", "*"],
  ["x".repeat(65), "*"],
  ["user1234", "user*"],
  ["user-17", "user-*"],
  ["item_00042_de", "item_*_de"],
  ["2026-01-31", "*"],
  ["{17}", "{*}"],
  ["17-", "*-"],
])("%s has an id: %s", (part, name) => {
  expect(written(part)).toBe(name);
});

test.each([
  ...["user", "cart", "v1", "v2", "db12", "s3", "i18n", "k8s", "e2e", "utf8", "oauth2", "mp4", "x86"],
  ...[
    "facade",
    "add",
    "bad-cafe",
    "shopping-cart-items",
    "UserProfileSettingsV2",
    "a_very_long_name_of_words",
  ],
  ...["größe", "naïve-käse", "", "*", "-", "x".repeat(64)],
])("%s is a word", (part) => {
  expect(written(part)).toBe(part);
});

test("whatever the bytes are, the name of a part is no longer than the part, and bounded", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200, size: "max" }), (bytes) => {
      const name = new Uint8Array(200);
      const writer = new PartWriter();
      const length = writer.write(bytes, 0, bytes.length, name, 0);
      expect(writer.partEnd).toBe(endOfPart(bytes, 0, bytes.length));
      expect(length).toBeLessThanOrEqual(Math.min(64, writer.partEnd));
      // Naming a name again changes nothing, so that names of merged families stay what they are.
      const again = new Uint8Array(200);
      expect(again.subarray(0, writer.write(name, 0, length, again, 0))).toEqual(name.subarray(0, length));
    }),
  );
});
