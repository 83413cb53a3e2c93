import { expect, test } from "bun:test";
import { ManualTimers } from "../lib/timers.ts";
import { CallbackRequest } from "./callback-request.ts";
import { HeldRequests } from "./held-requests.ts";
import { notNeeded, type UpstreamError } from "./upstream-error.ts";

test.each([
  [1, 5],
  [2, 10],
  [5, 80],
  [6, 100],
  [60, 100],
])("a request that is put off for the time %d is put off for %d ms", (redirections, delayMs) => {
  const timers = new ManualTimers();
  const request = new CallbackRequest(() => {});
  request.redirections = redirections;
  let isOver = false;
  new HeldRequests(timers).hold(request, () => {
    isOver = true;
  });
  timers.advance(delayMs - 1);
  expect(isOver).toBe(false);
  timers.advance(1);
  expect(isOver).toBe(true);
});

test("requests that are put off fail at the end, and those that went on or are done do not", () => {
  const timers = new ManualTimers();
  const held = new HeldRequests(timers);
  const told: string[] = [];
  const hold = (name: string, redirections: number): CallbackRequest => {
    const request = new CallbackRequest(
      () => {},
      (error: UpstreamError) => told.push(`${name} failed: ${error.message}`),
    );
    request.redirections = redirections;
    held.hold(request, () => told.push(`${name} goes on`));
    return request;
  };
  hold("first", 1);
  const second = hold("second", 2);
  hold("third", 3).isDone = true;
  timers.advance(5);
  held.close(notNeeded());
  held.close(notNeeded());
  expect(told).toEqual(["first goes on", "second failed: not needed any more"]);
  expect([second.isDone, timers.count]).toEqual([true, 0]);
});
