import { expect, test } from "bun:test";
import { requestOf } from "../../../test/support/request.ts";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { latin1 } from "../../lib/bytes.ts";
import type { Connection } from "../../net/connection.ts";
import { RespWriter } from "../../protocol/resp-writer.ts";
import type { DedicatedConnection } from "../dedicated-connection.ts";
import { ERROR, LOCAL } from "../request-results.ts";
import { answerSubscriber } from "./shard-subscriber.ts";

/** @returns how the request counts, and the reply */
function answered(
  words: readonly string[],
  {
    version = 2 as 2 | 3,
    shardChannels = 1,
    dedicated = undefined as { answersByMessages: boolean } | undefined,
  } = {},
): [number | undefined, string] {
  const out = new ByteBuffer();
  const connection = { respVersion: version, shardChannels } as Connection;
  const result = answerSubscriber(
    connection,
    dedicated as DedicatedConnection | undefined,
    requestOf(...words),
    new RespWriter(out, version),
  );
  return [result, latin1(out.view())];
}

const NOTHING: [undefined, string] = [undefined, ""];

test("a subscriber in RESP2 may only listen", () => {
  expect(answered(["GET", "a"])).toEqual([
    ERROR,
    "-ERR Can't execute 'get': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context\r\n",
  ]);
  for (const name of ["SUBSCRIBE", "PUNSUBSCRIBE", "SSUBSCRIBE", "sunsubscribe", "QUIT", "RESET"]) {
    expect(answered([name])).toEqual(NOTHING);
  }
});

test("PING is answered as a message, unless messages of other channels must come first", () => {
  expect(answered(["PING"])).toEqual([LOCAL, "*2\r\n$4\r\npong\r\n$0\r\n\r\n"]);
  expect(answered(["PING", "hi"])).toEqual([LOCAL, "*2\r\n$4\r\npong\r\n$2\r\nhi\r\n"]);
  expect(answered(["PING"], { dedicated: { answersByMessages: false } })[0]).toBe(LOCAL);
  expect(answered(["PING"], { dedicated: { answersByMessages: true } })).toEqual(NOTHING);
});

test("in RESP3, or without shard channels, everything is as for anybody", () => {
  expect(answered(["GET", "a"], { version: 3 })).toEqual(NOTHING);
  expect(answered(["PING"], { shardChannels: 0 })).toEqual(NOTHING);
});
