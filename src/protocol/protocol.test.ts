import { expect, test } from "bun:test";
import { fromLatin1 } from "../lib/bytes.ts";
import { ChunkedBytes } from "../lib/chunked-bytes.ts";
import { Request } from "./protocol.ts";

function chunks(...texts: string[]): ChunkedBytes {
  const bytes = new ChunkedBytes();
  // Taken, not copied: each text is a chunk.
  for (const text of texts) bytes.take(fromLatin1(text), 0, text.length);
  return bytes;
}

test("large arguments that are flattened are ranges like the others", () => {
  const request = new Request();
  request.reset(fromLatin1("MSET a b"));
  for (const [start, end] of [
    [0, 4],
    [5, 6],
    [0, 0],
    [7, 8],
    [0, 0],
  ] as const) {
    request.add(start, end);
  }
  request.large = [
    { index: 2, bytes: chunks("first ", "second ", "third") },
    { index: 4, bytes: chunks("other") },
  ];
  request.flatten();
  const texts = Array.from({ length: request.count }, (_, index) => request.text(index));
  expect(texts).toEqual(["MSET", "a", "first second third", "b", "other"]);
  expect(request.large).toBeUndefined();
});
