import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { leaseKeyOf } from "./lease-key.ts";

describe("the lease of a key", () => {
  test.each([
    ["k", "{k}:lease"],
    ["user:{42}", "user:{42}:lease"],
    ["user:{42", "{user:{42}:lease"],
    ["a}b", "a}b:lease"],
  ])("%s: %s", (key, lease) => {
    expect(leaseKeyOf(key)).toBe(lease);
    expect(fromUtf8(leaseKeyOf(utf8(key)) as Uint8Array)).toBe(lease);
  });

  test("lies in the slot of its key, if the key can be a hash tag or has one", () => {
    const key = fc.string({ unit: fc.constantFrom("a", "b", "{", "}", ":"), minLength: 1, maxLength: 8 });
    fc.assert(
      fc.property(key, (key) => {
        fc.pre(!key.includes("}") || tagOf(key) !== key);
        expect(tagOf(leaseKeyOf(key) as string)).toBe(tagOf(key));
      }),
    );
  });
});

/**
 * Returns the part of a key that a cluster hashes: the text between the first `{` and the next `}` if it is not
 * empty, else the whole key.
 */
function tagOf(key: string): string {
  const open = key.indexOf("{");
  const close = open < 0 ? -1 : key.indexOf("}", open + 1);
  return close > open + 1 ? key.slice(open + 1, close) : key;
}
