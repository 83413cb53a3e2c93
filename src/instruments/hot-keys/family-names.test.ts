import { expect, test } from "bun:test";
import fc from "fast-check";
import { fromUtf8, utf8 } from "../../lib/bytes.ts";
import { FAMILY_NAME_BYTES, FamilyNames, hashName } from "./family-names.ts";
import { WORD_PLACES_DEFAULTS, WordPlaces, type WordPlacesOptions } from "./word-places.ts";

class Names {
  readonly full: string[] = [];
  readonly places: WordPlaces;
  readonly names: FamilyNames;

  constructor(options: Partial<WordPlacesOptions> = {}) {
    this.places = new WordPlaces({ ...WORD_PLACES_DEFAULTS, ...options });
    this.names = new FamilyNames(this.places, ({ prefix, isLeaf }) => {
      this.full.push(`${fromUtf8(prefix)}${isLeaf ? "$" : "…"}`);
    });
  }

  of(key: string | Uint8Array, nowMs = 0): string {
    const bytes = typeof key === "string" ? utf8(key) : key;
    this.names.read(bytes, 0, bytes.length, nowMs);
    return fromUtf8(this.names.name.subarray(0, this.names.length));
  }
}

/** A word of letters only, another one for each number. */
function word(number: number): string {
  return `w${[...String(number)].map((digit) => "ghijklmnop"[Number(digit)]).join("")}`;
}

test.each([
  ["user:17:cart", "user:*:cart"],
  ["17", "*"],
  ["config", "config"],
  ["/api/v1/users/17", "/api/v1/users/*"],
  ["10.0.0.1", "*.*.*.*"],
  ["a|b/c:d.e", "a|b/c:d.e"],
  ["a:b:c:d:e:f:g:h", "a:b:c:d:e:f:g:h"],
  ["a:b:c:d:e:f:g:h:i:j", "a:b:c:d:e:f:g:*"],
  ["", ""],
  ["::", "::"],
])("the family of %s is %s", (key, family) => {
  expect(new Names().of(key)).toBe(family);
});

test("a long name ends in *", () => {
  const names = new Names();
  expect(names.of(`${"x".repeat(60)}:${"y".repeat(60)}:c`)).toBe(`${"x".repeat(60)}:*`);
  expect(names.of(`${"x".repeat(60)}:${"y".repeat(33)}`)).toBe(`${"x".repeat(60)}:${"y".repeat(33)}`);
});

test("any key has a family within the limits, with the hash of its name, and again the same one", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 300, size: "max" }), { maxLength: 40 }), (keys) => {
      const names = new Names();
      const first = keys.map((key) => names.of(key));
      keys.forEach((key, i) => {
        expect(names.of(key)).toBe(first[i]!);
        expect(names.names.length).toBeLessThanOrEqual(FAMILY_NAME_BYTES);
        expect(names.names.hash).toBe(hashName(names.names.name, 0, names.names.length));
      });
    }),
  );
});

test("a place with too many words has ids, and only that place", () => {
  const names = new Names();
  for (let i = 0; i < 80; i++) expect(names.of(`user:${word(i)}:cart`)).toBe(`user:${word(i)}:cart`);
  expect(names.full).toEqual([]);
  for (let i = 80; i < 130; i++) names.of(`user:${word(i)}:cart`);
  expect(names.full).toEqual(["user:…"]);
  for (let i = 0; i < 500; i++) expect(names.of(`user:${word(i)}:cart`)).toBe("user:*:cart");
  expect(names.of(`user:${word(1)}`)).toBe(`user:${word(1)}`);
  expect(names.of(`shop:${word(1)}:cart`)).toBe(`shop:${word(1)}:cart`);
});

test("until a place turns out to have ids, every key keeps its family", () => {
  const names = new Names();
  const seen = new Map<string, string>();
  let merges = 0;
  for (let i = 0; i < 20_000; i++) {
    const key = `${word(i % 7)}:${word((i * i) % 401)}:${word(i % 3)}`;
    const family = names.of(key);
    if (names.full.length > merges) {
      merges = names.full.length;
      seen.clear();
    }
    expect(seen.get(key) ?? family).toBe(family);
    seen.set(key, family);
  }
  expect(merges).toBe(7);
});

test("when there are too many places, unknown ones have ids, until others are forgotten", () => {
  const names = new Names({ places: 4, forgetAfterMs: 1000 });
  for (const key of ["a:x", "b:x", "c:x", "d:x", "e:x"]) names.of(key);
  expect(names.places.count).toBe(4);
  expect(names.of("a:x")).toBe("a:x");
  expect(names.of("d:x")).toBe("d:*");
  expect(names.of("a:x", 900)).toBe("a:x");
  expect(names.of("d:x", 1100)).toBe("d:x");
  expect(names.of("a:x", 1200)).toBe("a:x");
  expect(names.places.count).toBe(3);
});

test("places forgotten one by one leave the others as they are", () => {
  const names = new Names({ places: 64, wordsAtPlace: 8, forgetAfterMs: 60 });
  for (let i = 0; i < 2000; i++) {
    for (let j = 0; j < 40; j++) names.of(`keep:${word(j)}`, i);
    expect(names.of(`keep:${word(1)}`, i)).toBe("keep:*");
    expect(names.of("stay", i)).toBe("stay");
    names.of(`keep:x${word(i)}:y`, i);
    names.of(`${word(i % 5)}:z:${word(i)}:y:${word(i)}`, i);
    expect(names.places.count).toBeLessThanOrEqual(64);
  }
});
