import { expect, test } from "bun:test";
import fc from "fast-check";
import { ExpiryQueue } from "./expiry-queue.ts";

test("gives entries in the order they expire in, as a sorted list does", () => {
  const operation = fc.record({
    kind: fc.constantFrom("set", "set", "set", "lift", "delete", "take"),
    entry: fc.integer({ min: 1, max: 40 }),
    expiresAtMs: fc.integer({ min: 0, max: 20 }),
  });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 150, size: "max" }), (operations) => {
      const queue = new ExpiryQueue(4);
      const model = new Map<number, number>();
      for (const { kind, entry, expiresAtMs } of operations) {
        queue.cover(entry);
        if (kind === "set") {
          queue.set(entry, expiresAtMs);
          model.set(entry, expiresAtMs);
        } else if (kind === "take") {
          const taken = queue.take();
          expect(model.get(taken)).toBe(model.size === 0 ? undefined : Math.min(...model.values()));
          expect(taken === 0).toBe(model.size === 0);
          model.delete(taken);
        } else {
          if (kind === "lift") queue.set(entry, Number.POSITIVE_INFINITY);
          else queue.delete(entry);
          model.delete(entry);
        }
        expect(queue.nextMs).toBe(Math.min(...model.values()));
      }
    }),
  );
});
