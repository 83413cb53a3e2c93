import { expect, test } from "bun:test";
import { simulatedHits } from "../../lesson/simulator-fixture.ts";
import { cachesOf } from "../../lesson/staged-run.ts";
import memoryBody from "./body.ts";
import {
  BUY,
  COMPARED,
  HAVE,
  LARGEST,
  LOOP,
  loopDistances,
  lruCurve,
  memoryRequests,
  missesWith,
} from "./run.ts";
import { ANSWERS, because, policiesSay, round, sizeSays, verdict } from "./words.ts";

test("the lesson's figures are those that the simulator counts", async () => {
  const requests = await memoryRequests();
  const curve = lruCurve(requests);
  for (const places of [1, 7, HAVE, BUY, 65, LARGEST]) {
    const caches = cachesOf(COMPARED, places);
    const misses = (await simulatedHits(requests, caches)).map(
      (hits) => (100 * (requests.count - hits)) / requests.count,
    );
    // By one look at the requests, and by replaying them.
    expect(curve[places]).toBeCloseTo(misses[0]!, 9);
    for (const [i, each] of missesWith(requests, places).entries()) expect(each).toBeCloseTo(misses[i]!, 9);
  }
});

test("what the text says is what happens", async () => {
  const requests = await memoryRequests();
  const curve = lruCurve(requests);
  const at = (places: number): number => round(curve[places]!);
  expect([at(1), at(15), at(HAVE), at(BUY), at(70)]).toEqual([96, 72, 66, 61, 12]);
  // A larger LRU cache never misses more.
  expect(curve.every((misses, places) => places === 0 || misses <= curve[places - 1]!)).toBe(true);
  const [least, most] = loopDistances(requests);
  expect(least).toBeGreaterThan(BUY - 5);
  expect(least).toBeGreaterThan(LOOP - 1);
  // All of the loop fits where the cliff ends.
  expect(most).toBeLessThan(LARGEST);
  expect(because(curve, [least, most])[2]).toContain(`${least} to ${most} different others`);
  const body = await memoryBody();
  expect(body).toContain("At 30 places 66 of 100 requests miss");
  expect(sizeSays(70, curve)).toBe("70 places: 12 of 100 requests miss. The last ten places saved 49.");
});

test("the cliff is LRU's", async () => {
  const requests = await memoryRequests();
  expect(policiesSay(BUY, missesWith(requests, BUY))).toBe(
    "60 places. Misses of 100 requests: LRU 61, S3-FIFO 31, W-TinyLFU 14, Belady 11. They keep a part of the loop, and hit it in each round; LRU keeps running after it.",
  );
  expect(policiesSay(LARGEST, missesWith(requests, LARGEST))).toContain("the rule hardly does");
});

test("a guess is compared, and each wrong answer has its hint", async () => {
  const curve = lruCurve(await memoryRequests());
  expect(verdict(61, curve)).toBe("You said 61, it was 61. Exactly.");
  expect(verdict(33, curve)).toContain("does not halve the misses");
  expect(verdict(64, curve)).toContain("do find room");
  expect(verdict(90, curve)).toContain("never misses more");
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
