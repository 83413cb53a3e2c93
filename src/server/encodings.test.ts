import { describe, expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { NotedEncodings } from "./encodings.ts";

const VALUE = utf8("12");

describe("noted encodings", () => {
  test("are of the keys noted last", () => {
    const encodings = new NotedEncodings({ low: 1, high: 2 });
    const key = (n: number) => utf8(`key ${n}`);
    for (let n = 0; n < 10_000; n++) {
      encodings.note(key(n), VALUE, "raw");
      expect(encodings.size).toBeLessThanOrEqual(4096);
      expect(encodings.of(key(Math.max(0, n - 2047)), VALUE)).toBe("raw");
    }
    expect(encodings.of(key(5000), VALUE)).toBe("int");
    // A key of the old generation is found, forgotten and noted anew.
    const old = key(10_000 - 2000);
    expect(encodings.of(old, VALUE)).toBe("raw");
    encodings.forget(old, 0, old.length);
    expect(encodings.of(old, VALUE)).toBe("int");
    encodings.note(old, VALUE, "embstr");
    expect(encodings.of(old, VALUE)).toBe("embstr");
    encodings.clear();
    expect([encodings.size, encodings.of(old, VALUE)]).toEqual([0, "int"]);
  });

  test("need no room where the value says the same, nor for long keys", () => {
    const encodings = new NotedEncodings({ low: 1, high: 2 });
    encodings.note(utf8("long"), utf8("x".repeat(45)), "raw");
    encodings.note(utf8("float"), utf8("1.5"), "embstr");
    encodings.note(utf8("k".repeat(513)), VALUE, "raw");
    expect(encodings.size).toBe(0);
    encodings.note(utf8("k"), VALUE, "raw");
    encodings.note(utf8("k"), VALUE, "int");
    expect(encodings.size).toBe(0);
  });
});
