import { describe, expect, test } from "bun:test";
import { fromLatin1, latin1 } from "./bytes.ts";
import { KeyMap } from "./key-map.ts";
import { SeededRandom } from "./random.ts";
import { halfSipHash } from "./sip-hash.ts";

const HASH_KEY = { low: 1, high: 2 };

/** Keys with equal hashes under `HASH_KEY`, found by trying: among 200,000 keys there are about five pairs. */
function collidingPair(): [string, string] {
  const seen = new Map<number, string>();
  for (let i = 0; ; i++) {
    const key = `key:${i}`;
    const hash = halfSipHash(fromLatin1(key), 0, key.length, HASH_KEY.low, HASH_KEY.high);
    const other = seen.get(hash);
    if (other !== undefined) return [other, key];
    seen.set(hash, key);
  }
}

describe("a map with bytes as keys", () => {
  test("behaves as a Map of strings, even for keys with equal hashes", () => {
    const random = new SeededRandom(1);
    const map = new KeyMap<number>(HASH_KEY);
    const model = new Map<string, number>();
    const names = [...collidingPair(), "", "a", "b", "key:1", "\xff\x00"];
    for (let step = 0; step < 20_000; step++) {
      const name = random.pick(names);
      const bytes = fromLatin1(`<${name}>`);
      const end = bytes.length - 1;
      switch (random.below(8)) {
        case 0:
        case 1:
        case 2:
          map.set(bytes, 1, end, step);
          model.set(name, step);
          // The map's key is a copy.
          bytes.fill(0);
          break;
        case 3:
        case 4:
          expect(map.delete(bytes, 1, end)).toBe(model.delete(name));
          break;
        case 5:
          expect(map.has(bytes, 1, end)).toBe(model.has(name));
          break;
        case 6:
          expect(map.get(bytes, 1, end)).toBe(model.get(name));
          break;
        default:
          if (random.below(50) > 0) break;
          map.clear();
          model.clear();
      }
      expect(map.size).toBe(model.size);
      const entries = [...map].map(([key, value]) => [latin1(key), value] as const);
      expect(new Map(entries)).toEqual(model);
      expect(entries.length).toBe(model.size);
    }
  });

  test("iterates in the order in which keys were set", () => {
    const map = new KeyMap<number>(HASH_KEY);
    for (let i = 0; i < 100; i++) map.set(fromLatin1(`key:${i}`), 0, `key:${i}`.length, i);
    expect([...map].map(([, value]) => value)).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });
});
