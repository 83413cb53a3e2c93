import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Json, type JsonObject, mergePatch, withoutNulls } from "./merge-patch.ts";

/** MergePatch of RFC 7386, section 2. */
function applied(target: Json | undefined, patch: Json): Json {
  if (typeof patch !== "object" || patch === null || Array.isArray(patch)) return patch;
  const isObject = typeof target === "object" && target !== null && !Array.isArray(target);
  const members = new Map<string, Json>(isObject ? Object.entries(target as JsonObject) : []);
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) members.delete(name);
    else members.set(name, applied(members.get(name), value));
  }
  return Object.fromEntries(members);
}

const names = fc.constantFrom("a", "b", "c", "__proto__", "toString", "");
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.constantFrom<Json>(null, true, 0, 1, "x"),
    fc.array(tie("json"), { maxLength: 3 }),
    fc.dictionary(names, tie("json"), { maxKeys: 4, noNullPrototype: true }),
  ),
}));

test("a patch makes the one of the other", () => {
  fc.assert(
    fc.property(json.map(withoutNulls), json.map(withoutNulls), (from, to) => {
      const patch = mergePatch(from, to);
      expect(JSON.stringify(sorted(patch === undefined ? from : applied(from, patch)))).toBe(
        JSON.stringify(sorted(to)),
      );
    }),
    { seed: 7386, numRuns: 3000 },
  );
});

test("equal values need no patch", () => {
  fc.assert(
    fc.property(json.map(withoutNulls), (value) => {
      expect(mergePatch(value, structuredClone(value))).toBeUndefined();
    }),
    { seed: 7387 },
  );
});

test("a patch has only what differs", () => {
  const from = { a: 1, b: { c: 2, d: 3 }, e: [1, 2], f: "gone" };
  const to = { a: 1, b: { c: 2, d: 4 }, e: [1, 2], g: true };
  expect(mergePatch(from, to)).toEqual({ b: { d: 4 }, f: null, g: true });
  expect(mergePatch([1, null], [1, 2])).toEqual([1, 2]);
});

test("null within objects is absence, within arrays it stays", () => {
  expect(withoutNulls({ a: null, b: { c: null }, d: [null, { e: null }] })).toEqual({
    b: {},
    d: [null, { e: null }],
  });
});

/** The order of members means nothing. */
function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, member]) => [name, sorted(member)]));
}
