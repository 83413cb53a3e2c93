import { expect, test } from "bun:test";
import fc from "fast-check";
import { utf8 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import { Flight, type FlightOwner } from "./flight.ts";
import { FlightTable } from "./flight-table.ts";
import { VALUE, type Variant } from "./variant.ts";
import type { Waiter } from "./waiter.ts";

const owner: FlightOwner<Variant> = {
  answered() {},
  askAgain() {},
};
const waiter: Waiter = {
  found() {},
  arriving() {},
  arrived() {},
  without() {},
};

function flightFor(key: string, hash: number): Flight {
  const bytes = utf8(`..${key}..`);
  return new Flight(new KeyRef().refer(bytes, 2, bytes.length - 2, hash), VALUE, 0, 0, owner, waiter);
}

test("holds at most one flight for each key, and tells keys of one hash apart", () => {
  const key = fc.constantFrom("", "a", "b", "ab", "abc", "abd", "key", "keys");
  const hashes = fc.constantFrom(
    () => 7,
    () => 4_294_967_295,
    (text: string) => text.length,
  );
  const operation = fc.record({
    kind: fc.constantFrom("add", "add", "remove", "some", "stale", "clear"),
    key,
  });
  fc.assert(
    fc.property(hashes, fc.array(operation, { maxLength: 60 }), (hashOf, operations) => {
      const table = new FlightTable();
      const model = new Map<string, Flight>();
      const gone: Flight[] = [];
      for (const { kind, key } of operations) {
        const known = model.get(key);
        if (kind === "add" && known === undefined) {
          const flight = flightFor(key, hashOf(key));
          table.add(flight);
          model.set(key, flight);
        } else if (kind === "remove" && known !== undefined) {
          table.remove(known);
          model.delete(key);
          gone.push(known);
        } else if (kind === "stale") {
          for (const flight of gone) table.remove(flight);
        } else if (kind === "some") {
          table.removeIf((flight) => flight.key.length === key.length);
          for (const [text, flight] of model) {
            if (text.length !== key.length) continue;
            model.delete(text);
            gone.push(flight);
          }
        } else if (kind === "clear" && operations.length % 3 === 0) {
          table.clear();
          gone.push(...model.values());
          model.clear();
        }
        expect(table.size).toBe(model.size);
        for (const text of ["", "a", "b", "ab", "abc", "abd", "key", "keys", "other"]) {
          const bytes = utf8(`>${text}`);
          const key = new KeyRef().refer(bytes, 1, bytes.length, hashOf(text));
          expect(table.find(key, VALUE)).toBe(model.get(text)!);
        }
      }
    }),
    { numRuns: 200 },
  );
});
