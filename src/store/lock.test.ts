import { describe, expect, test } from "bun:test";
import { holderOf, lock, unlock } from "./lock.ts";

const WORKERS = 3;
const ROUNDS = 20_000;

describe("lock", () => {
  test("leaves the word as it found it", () => {
    const words = new Int32Array(new SharedArrayBuffer(16));
    lock(words, 2, 7);
    expect([...words]).toEqual([0, 0, 14, 0]);
    expect(holderOf(words, 2)).toBe(7);
    unlock(words, 2);
    expect([...words]).toEqual([0, 0, 0, 0]);
    expect(holderOf(words, 2)).toBe(0);
  });

  test("keeps threads apart", async () => {
    const words = new Int32Array(new SharedArrayBuffer(64));
    const source = `
      import { lock, unlock } from ${JSON.stringify(new URL("./lock.ts", import.meta.url).href)};
      onmessage = ({ data: [words, holder] }) => {
        for (let i = 0; i < ${ROUNDS}; i++) {
          lock(words, 0, holder);
          // Two plain words that must always be equal; a torn update would show.
          const count = words[1];
          for (let pause = i % 50; pause > 0; pause--) words[3] = pause;
          if (words[2] !== count) words[4]++;
          words[1] = count + 1;
          words[2] = count + 1;
          unlock(words, 0);
        }
        postMessage("done");
      };`;
    const url = URL.createObjectURL(new Blob([source], { type: "application/javascript" }));
    const workers = Array.from({ length: WORKERS }, () => new Worker(url));
    await Promise.all(
      workers.map(
        (worker, index) =>
          new Promise((resolve, reject) => {
            worker.onmessage = resolve;
            worker.onerror = reject;
            worker.postMessage([words, index + 1]);
          }),
      ),
    );
    for (const worker of workers) worker.terminate();
    URL.revokeObjectURL(url);
    expect(words[1]).toBe(WORKERS * ROUNDS);
    expect(words[2]).toBe(WORKERS * ROUNDS);
    expect(words[4]).toBe(0);
    expect(words[0]).toBe(0);
  });
});
