import { expect, test } from "bun:test";
import { fromLatin1 } from "../../lib/bytes.ts";
import { ReplyReader } from "../../protocol/reply-reader.ts";
import { ClusterBeat } from "./cluster-beat.ts";

/** A heartbeat, and how often it has had the slots' owners suspected. */
function begin() {
  let suspicions = 0;
  const beat = new ClusterBeat(() => suspicions++);
  /** @returns whether the node vouches, and the suspicions so far */
  const answer = (reply: string): [boolean, number] => {
    const bytes = fromLatin1(reply);
    const reader = new ReplyReader();
    reader.next(bytes, 0, bytes.length);
    return [beat.vouches(bytes, reader), suspicions];
  };
  return { beat, answer };
}

function info(state: string, current: number, mine: number, lineEnd = "\r\n"): string {
  const fields = [`cluster_state:${state}`, `cluster_current_epoch:${current}`, `cluster_my_epoch:${mine}`];
  return fields.map((line) => line + lineEnd).join("");
}

const bulk = (text: string): string => `$${text.length}\r\n${text}\r\n`;

test("a node is asked for CLUSTER INFO; it has one database", () => {
  const { beat } = begin();
  expect([beat.command, beat.hasDatabases]).toEqual([["CLUSTER", "INFO"], false]);
});

test("a node whose state is ok vouches, in either version of RESP", () => {
  const { answer } = begin();
  const text = info("ok", 3, 1);
  expect(answer(bulk(text))).toEqual([true, 0]);
  expect(answer(`=${text.length + 4}\r\ntxt:${text}\r\n`)).toEqual([true, 0]);
  expect(answer(bulk(info("ok", 3, 1, "\n")))).toEqual([true, 0]);
});

test("a node whose state is another one does not vouch, and is suspected each time", () => {
  const { answer } = begin();
  expect(answer(bulk(info("fail", 3, 1)))).toEqual([false, 1]);
  expect(answer(bulk(info("fail", 3, 1)))).toEqual([false, 2]);
  expect(answer(bulk(info("ok", 3, 1)))).toEqual([true, 2]);
  expect(answer("-ERR unknown command\r\n")).toEqual([false, 3]);
});

test("another epoch of the cluster or of the node has the slots' owners suspected once", () => {
  const { answer } = begin();
  const told = [info("ok", 3, 1), info("ok", 4, 1), info("ok", 4, 1), info("ok", 4, 4)].map(bulk);
  expect(told.map(answer)).toEqual([
    [true, 0],
    [true, 1],
    [true, 1],
    [true, 2],
  ]);
});
