import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { Call, CallList, describeSource, encodable } from "./call.ts";

const call = (name: string, settled = () => {}) => new Call([name], true, true, settled);

test("a list of calls behaves like an array of them", () => {
  const operation = fc.oneof(
    fc.record({ kind: fc.constantFrom("push", "unshift", "shift" as const) }),
    fc.record({ kind: fc.constant("remove" as const), at: fc.nat() }),
  );
  fc.assert(
    fc.property(fc.array(operation), (operations) => {
      const list = new CallList();
      const model: Call[] = [];
      for (const [index, step] of operations.entries()) {
        const next = call(String(index));
        if (step.kind === "push") {
          list.push(next);
          model.push(next);
        } else if (step.kind === "unshift") {
          list.unshift(next);
          model.unshift(next);
        } else if (step.kind === "shift") {
          expect(list.shift()).toBe(model.shift());
        } else if ("at" in step && model.length > 0) {
          const [removed] = model.splice(step.at % model.length, 1);
          list.remove(removed!);
        }
        expect(list.size).toBe(model.length);
        const found: Call[] = [];
        for (let at = list.first; at !== undefined; at = at.next) found.push(at);
        expect(found).toEqual(model);
      }
    }),
  );
});

test("a call settles once", () => {
  let count = 0;
  const one = call("a", () => {
    count++;
  });
  one.fail(new Error("first"));
  one.answer({ reply: 1, source: undefined });
  expect(count).toBe(1);
  expect(one.args).toEqual([]);
});

test("words as they are sent", () => {
  const bytes = new Uint8Array([255]);
  expect(encodable(["a", bytes, 1.5, 10n])).toEqual(["a", bytes, "1.5", "10"]);
});

describe("the attributes of a reply", () => {
  test("nothing", () => {
    expect(describeSource("x", undefined)).toEqual({ reply: "x", source: undefined });
  });

  test("in text and in bytes; unknown or invalid ones are left out", () => {
    const key = (text: string) => new TextEncoder().encode(text);
    const said = new Map([
      [key("source"), key("miss")],
      [key("age-ms"), 0],
      [key("ttl-ms"), -1],
      [key("new"), 1],
    ] as [Uint8Array, Uint8Array | number][]);
    expect(describeSource(null, said)).toEqual({ reply: null, source: "miss", ageMs: 0 });
    expect(describeSource(null, new Map([["source", "hearsay"]]))).toEqual({
      reply: null,
      source: undefined,
    });
    expect(describeSource(1, new Map<string, number>([["ttl-ms", 5]]))).toMatchObject({ ttlMs: 5 });
  });
});
