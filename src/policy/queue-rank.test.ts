import { expect, test } from "bun:test";
import { rankIn } from "./queue-rank.ts";
import { LINK_WORDS, LIST_WORDS, SlotList } from "./slot-list.ts";

function queueOf(count: number): SlotList {
  const words = new Int32Array((count + 1) * LINK_WORDS);
  const queue = new SlotList(words, LINK_WORDS, 0, new Int32Array(LIST_WORDS), 0);
  for (let slot = 1; slot <= count; slot++) queue.pushBack(slot);
  return queue;
}

test("the next to leave is the first", () => {
  const queue = queueOf(4);
  const ranks = () => [1, 2, 3, 4].map((slot) => rankIn(queue, slot).rank);
  expect(ranks()).toEqual([1, 2, 3, 4]);
  queue.moveToBack(1);
  expect(ranks()).toEqual([4, 1, 2, 3]);
});

test("no more are counted than can be while others wait", () => {
  const queue = queueOf(20_000);
  expect(rankIn(queue, 10_000).rank).toBe(10_000);
  expect(rankIn(queue, 10_001).rank).toBe("over 10000");
  expect(rankIn(queue, 20_000).rank).toBe("over 10000");
});
