import { expect, test } from "bun:test";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { ManualTimers } from "../../lib/timers.ts";
import { UpstreamError } from "../upstream-error.ts";
import type { UpstreamRequest } from "../upstream-request.ts";
import { type Askable, TopologyWatch } from "./topology-watch.ts";

/** How long nodes are waited for. */
const LIMIT_MS = 1000;

/** A node that cannot be asked. */
const DOWN: Askable = {
  ...{ host: "127.0.0.1", isSilent: false },
  connection: () => {
    throw new UpstreamError("ORIGINDOWN", "not connected", false);
  },
  done: () => {},
};

/** A node that is asked and does not answer. */
function mute(isSilent: boolean): Askable {
  const connection = { out: new ByteBuffer(64), timeoutMs: 1000, enqueue: () => {} };
  return { host: "127.0.0.1", isSilent, connection: () => connection, done: () => {} };
}

/** Asks the nodes. @returns what was learned before any time has passed, and behind the limit */
function asked(targets: readonly Askable[]): { atOnce: string[][]; later: string[][] } {
  const learned: string[][] = [];
  const timers = new ManualTimers();
  const watch = new TopologyWatch({
    timers,
    targets: () => targets,
    learned: (_, problems) => {
      learned.push([...problems]);
      return false;
    },
  });
  watch.suspect();
  const atOnce = [...learned];
  timers.advance(LIMIT_MS);
  watch.close();
  return { atOnce, later: learned };
}

test("the slowest node is waited for, up to a limit", () => {
  const { atOnce, later } = asked([DOWN, mute(false)]);
  expect(atOnce).toEqual([]);
  expect(later).toEqual([["not connected"]]);
});

test("a silent node is not waited for", () => {
  const { atOnce, later } = asked([mute(true), DOWN]);
  expect(atOnce).toEqual([["not connected"]]);
  expect(later).toEqual(atOnce);
});

test("if all are silent, they are waited for", () => {
  const { atOnce, later } = asked([mute(true), mute(true)]);
  expect(atOnce).toEqual([]);
  expect(later).toEqual([[]]);
});

test("a connection that was opened to ask is let go once the node has answered, even too late", () => {
  const requests: UpstreamRequest[] = [];
  const done: string[] = [];
  const connection = {
    ...{ out: new ByteBuffer(64), timeoutMs: 1000 },
    enqueue: (request: UpstreamRequest) => {
      requests.push(request);
    },
  };
  const node = (name: string, connect: Askable["connection"] = () => connection): Askable => ({
    ...{ host: "127.0.0.1", isSilent: false, connection: connect },
    done: () => done.push(name),
  });
  const { later } = asked([node("down", DOWN.connection), node("slow")]);
  expect(done).toEqual(["down"]);
  expect(later).toEqual([["not connected"]]);
  for (const request of requests) request.failed(new UpstreamError("ORIGINTIMEOUT", "too late", false));
  expect(done).toEqual(["down", "slow"]);
});
