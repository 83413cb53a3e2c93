/** The connection of a client's own is lost: what becomes of the client. */
import { expect, test } from "bun:test";
import type { Connection } from "../net/connection.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { DedicatedConnection, type DedicatedConnectionHost } from "./dedicated-connection.ts";
import { Fence } from "./fence.ts";

/** A client with a connection of its own, over which nothing has been sent. */
function scene() {
  const notes: string[] = [];
  const note = (what: string) => () => void notes.push(what);
  const fences: (() => void)[] = [];
  let lost = (): void => {};
  const node = {
    dedicated: (_version: number, events: { closed(): void }) => {
      lost = () => events.closed();
      return { close: note("closed") };
    },
    fence: (then: () => void) => fences.push(then),
  };
  const host = {
    connection: {
      hold: note("held"),
      closeAfterReplies: note("ends behind its replies"),
    } as unknown as Connection,
    node: node as unknown as OriginNode,
    fence: new Fence({ peers: undefined, timeoutMs: 1000, giveUp: () => {} }),
    ...{ idle: note("idle"), released: note("released"), database: 0, timeoutMs: 1000 },
  };
  const dedicated = new DedicatedConnection(host as unknown as DedicatedConnectionHost, 2);
  return {
    ...{ dedicated, lose: () => lost() },
    /** Lets what has arrived be shown. */
    async pass(): Promise<void> {
      await Promise.resolve();
      for (const then of fences.splice(0)) then();
    },
    done: () => notes.splice(0),
  };
}

test("the client executes nothing more, forgets its state, and ends once it has been shown what has come", async () => {
  const at = scene();
  at.lose();
  expect(at.done()).toEqual(["closed", "held", "released"]);
  await Promise.resolve();
  expect(at.done()).toEqual([]);
  await at.pass();
  expect(at.done()).toEqual(["ends behind its replies"]);
});

test("it is lost once, and not after its client has gone", async () => {
  const at = scene();
  at.lose();
  at.done();
  at.lose();
  at.dedicated.end();
  await at.pass();
  expect(at.done()).toEqual(["ends behind its replies"]);

  const gone = scene();
  gone.dedicated.end();
  expect(gone.done()).toEqual(["closed"]);
  gone.lose();
  await gone.pass();
  expect(gone.done()).toEqual([]);
});
