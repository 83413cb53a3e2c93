import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { mergePatch, withoutNulls } from "../../src/admin/merge-patch.ts";
import { applyPatch, type Json } from "./apply-patch.ts";

const json = fc.jsonValue({ maxDepth: 3 }) as fc.Arbitrary<Json>;

describe("a merge patch", () => {
  test("turns one state of the stream into the next", () => {
    fc.assert(
      fc.property(json, json, (from, to) => {
        const known = withoutNulls(from as never) as Json;
        const next = withoutNulls(to as never) as Json;
        const patch = mergePatch(known as never, next as never) as Json | undefined;
        expect(applyPatch(known, patch) ?? null).toEqual(next);
      }),
    );
  });

  test("leaves what did not change the same object", () => {
    const before = { hot: { rate: [1, 2] }, counters: { a: 1 } };
    const after = applyPatch(before, { counters: { a: 2 } }) as typeof before;
    expect(after.hot).toBe(before.hot);
    expect(after.counters).toEqual({ a: 2 });
    expect(before.counters).toEqual({ a: 1 });
  });

  // RFC 7386, appendix A.
  test.each([
    [{ a: "b" }, { a: "c" }, { a: "c" }],
    [{ a: "b" }, { b: "c" }, { a: "b", b: "c" }],
    [{ a: "b" }, { a: null }, {}],
    [{ a: ["b"] }, { a: "c" }, { a: "c" }],
    [{ a: { b: "c" } }, { a: { b: "d", c: null } }, { a: { b: "d" } }],
    [{ a: [{ b: "c" }] }, { a: [1] }, { a: [1] }],
    [
      ["a", "b"],
      ["c", "d"],
      ["c", "d"],
    ],
    [{ a: "foo" }, "bar", "bar"],
    [{ e: null }, { a: 1 }, { e: null, a: 1 }],
    [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
  ] as [Json, Json, Json][])("%j with %j is %j", (value, patch, result) => {
    expect(applyPatch(value, patch)).toEqual(result);
  });
});
