import { expect, test } from "bun:test";
import { ChunkedBytes } from "../lib/chunked-bytes.ts";
import { Request } from "./protocol.ts";
import { copyRequest } from "./request-copy.ts";

test("a copy has the arguments' bytes alone, and keeps them", () => {
  const request = new Request();
  const bytes = Buffer.from("..SET.key.value..");
  request.reset(bytes);
  for (const [start, end] of [
    [2, 5],
    [6, 9],
    [10, 15],
  ] as const)
    request.add(start, end);
  const copy = copyRequest(request);
  bytes.fill(0);
  expect(Array.from({ length: copy.count }, (_, index) => copy.text(index))).toEqual(["SET", "key", "value"]);
  expect(copy.bytes.length).toBe(13);
  expect(copy.large).toBeUndefined();
});

test("a copy takes the large arguments over", () => {
  const request = new Request();
  request.reset(Buffer.from("SET"));
  request.add(0, 3);
  request.large = [{ index: 1, bytes: new ChunkedBytes() }];
  expect(copyRequest(request).large).toBe(request.large);
});
