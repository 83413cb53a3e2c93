import { describe, expect, test } from "bun:test";
import { ChunkedBytes } from "./chunked-bytes.ts";
import { SeededRandom } from "./random.ts";

describe("bytes in chunks", () => {
  test("come out as they went in, for runs of any length", () => {
    const seed = 99;
    const random = new SeededRandom(seed);
    const chunked = new ChunkedBytes();
    const expected: number[] = [];
    let next = 0;
    for (let step = 0; step < 2000; step++) {
      const choice = random.below(5);
      if (choice < 2) {
        const length = random.below(random.below(4) === 0 ? 100_000 : 100);
        const data = new Uint8Array(length + 3);
        for (let i = 0; i < length; i++) data[i + 2] = next = (next * 31 + 7) & 0xff;
        for (let i = 0; i < length; i++) expected.push(data[i + 2]!);
        if (choice === 0) chunked.take(data, 2, length + 2);
        else chunked.append(data, 2, length + 2);
      } else if (choice === 2) {
        const other = new ChunkedBytes();
        const length = random.below(40_000);
        other.append(new Uint8Array(length).fill(step & 0xff), 0, length);
        for (let i = 0; i < length; i++) expected.push(step & 0xff);
        chunked.moveFrom(other);
        expect(other.lengthBytes).toBe(0);
      } else {
        for (let left = random.below(200_000); left > 0 && chunked.lengthBytes > 0; ) {
          const front = chunked.front(1 + random.below(70_000));
          expect(front.length).toBeGreaterThan(0);
          const count = Math.min(front.length, 1 + random.below(70_000));
          expect(Buffer.compare(front.subarray(0, count), Uint8Array.from(expected.splice(0, count)))).toBe(
            0,
          );
          chunked.drop(count);
          left -= count;
        }
      }
      expect(chunked.lengthBytes).toBe(expected.length);
    }
    chunked.clear();
    expect(chunked.lengthBytes).toBe(0);
  });

  test("a long run's memory is freed when it has left", () => {
    const chunked = new ChunkedBytes();
    const data = new Uint8Array(100_000);
    chunked.take(data, 10, data.length);
    chunked.drop(1000);
    expect(data.length).toBe(100_000);
    chunked.drop(98_990);
    expect(data.length).toBe(0);
  });
});
