import { expect, test } from "bun:test";
import type { Client } from "./client.ts";
import { addCounts, countClients } from "./client-counts.ts";

function client(flags: string, bufferedRequestBytes: number, waitingReplyBytes: number): Client {
  return { flags: () => flags, bufferedRequestBytes, waitingReplyBytes } as Client;
}

test("clients are counted by what they do, and the largest buffers of any are found", () => {
  expect(countClients([])).toEqual({
    ...{ blocked: 0, tracking: 0, pubsub: 0, largestInputBytes: 0, largestOutputBytes: 0 },
  });
  const clients = [
    client("", 7, 1),
    client("b", 3, 9),
    client("tP", 0, 0),
    client("xt", 5, 2),
    client("tPb", 1, 1),
  ];
  const counts = { blocked: 2, tracking: 3, pubsub: 2, largestInputBytes: 7, largestOutputBytes: 9 };
  expect(countClients(clients)).toEqual(counts);
});

test("counts of threads are added, the largest buffer is that of one of them", () => {
  const one = { blocked: 1, tracking: 2, pubsub: 3, largestInputBytes: 4, largestOutputBytes: 9 };
  const other = { blocked: 10, tracking: 20, pubsub: 30, largestInputBytes: 5, largestOutputBytes: 8 };
  expect(addCounts([one, other])).toEqual({
    ...{ blocked: 11, tracking: 22, pubsub: 33, largestInputBytes: 5, largestOutputBytes: 9 },
  });
  expect(addCounts([])).toEqual(countClients([]));
});
