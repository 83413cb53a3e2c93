import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { EventRing } from "./event-ring.ts";

const CAPACITY = 64;

function ringOf(capacity = CAPACITY): { writer: EventRing; reader: EventRing } {
  const buffer = new SharedArrayBuffer(EventRing.bytes(capacity));
  return { writer: new EventRing(buffer, 0, capacity), reader: new EventRing(buffer, 0, capacity) };
}

/** Writes a record of three words and a key. @returns whether there was room */
function write(ring: EventRing, number: number, key: Uint8Array): boolean {
  const at = ring.begin(1 + (number % 7), number % 8, 3, key.length, key.length);
  if (at < 0) return false;
  ring.words[at + 1] = number;
  ring.words[at + 2] = number * 3;
  ring.putKey(at, 3, key, 0, key.length);
  ring.publish();
  return true;
}

interface Read {
  readonly number: number;
  readonly key: number[];
}

function readAll(ring: EventRing, most = Number.POSITIVE_INFINITY): Read[] {
  const records: Read[] = [];
  ring.drain((at) => {
    const number = ring.words[at + 1]!;
    expect([ring.kindAt(at), ring.flagsAt(at)]).toEqual([1 + (number % 7), number % 8]);
    expect(ring.words[at + 2]).toBe(number * 3);
    const start = ring.keyStartAt(at, 3);
    records.push({ number, key: [...ring.bytes.subarray(start, start + ring.keyLengthAt(at))] });
  }, most);
  return records;
}

describe("a ring of events", () => {
  test("delivers records in order, whole, or drops and counts them, as a bounded queue does", () => {
    const step = fc.oneof(
      fc.record({ keyBytes: fc.integer({ min: 0, max: 40 }) }),
      fc.record({ most: fc.integer({ min: 1, max: 80 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
        const { writer, reader } = ringOf();
        const expected: Read[] = [];
        let number = 0;
        let dropped = 0;
        for (const one of steps) {
          if ("most" in one) {
            const read = readAll(reader, one.most);
            expect(read).toEqual(expected.splice(0, read.length));
            continue;
          }
          number++;
          const key = Uint8Array.from({ length: one.keyBytes }, (_, i) => (number + i) % 256);
          const waiting = expected.reduce((sum, { key: { length } }) => sum + wordsOf(length), 0);
          const hasRoom = write(writer, number, key);
          if (hasRoom) expected.push({ number, key: [...key] });
          else dropped++;
          // The end of the ring is left empty if a record does not fit there: once among those that wait, and again.
          const mostEmpty = 2 * (wordsOf(40) - 4);
          if (waiting + wordsOf(key.length) + mostEmpty <= CAPACITY) expect(hasRoom).toBe(true);
          expect(writer.dropped).toBe(dropped);
        }
        expect(readAll(reader)).toEqual(expected);
        expect(reader.fill).toBe(0);
      }),
      { seed: 11, numRuns: 300 },
    );
  });

  test("positions may pass 2^31 and 2^32", () => {
    const buffer = new SharedArrayBuffer(EventRing.bytes(CAPACITY));
    const header = new Int32Array(buffer);
    for (const start of [2 ** 31 - 32, -32]) {
      header[0] = start | 0;
      header[16] = start | 0;
      const [writer, reader] = [new EventRing(buffer, 0, CAPACITY), new EventRing(buffer, 0, CAPACITY)];
      for (let number = 1; number < 100; number++) {
        expect(write(writer, number, Uint8Array.of(number))).toBe(true);
        expect(readAll(reader)).toEqual([{ number, key: [number] }]);
      }
    }
  });

  test("a full ring loses records, and nothing else: it goes on once it is read", () => {
    const { writer, reader } = ringOf();
    let written = 0;
    while (write(writer, written + 1, new Uint8Array(4))) written++;
    for (let i = 0; i < 10; i++) expect(write(writer, 1000 + i, new Uint8Array(4))).toBe(false);
    expect(reader.dropped).toBe(11);
    expect(readAll(reader)).toHaveLength(written);
    expect(write(writer, 7, new Uint8Array(4))).toBe(true);
    expect(readAll(reader).map(({ number }) => number)).toEqual([7]);
  });

  test("a writer that takes over goes on where the dead one ended, and a reader may skip what waits", () => {
    const buffer = new SharedArrayBuffer(EventRing.bytes(CAPACITY));
    write(new EventRing(buffer, 0, CAPACITY), 1, new Uint8Array(0));
    const reader = new EventRing(buffer, 0, CAPACITY);
    write(new EventRing(buffer, 0, CAPACITY), 2, new Uint8Array(0));
    expect(readAll(reader).map(({ number }) => number)).toEqual([1, 2]);
    write(new EventRing(buffer, 0, CAPACITY), 3, new Uint8Array(0));
    reader.skip();
    expect(readAll(reader)).toEqual([]);
  });
});

/** Records have whole units of four words. */
function wordsOf(keyBytes: number): number {
  return Math.ceil((3 + Math.ceil(keyBytes / 4)) / 4) * 4;
}
