import { expect, test } from "bun:test";
import { readOrigin } from "../origin-kinds.ts";

test.each([
  [
    "redis+cluster://a,b:1",
    { name: "a:6379,b:1", hasPassword: false, isSecure: false, lacksPassword: false },
  ],
  ["rediss+cluster://a/", { name: "a:6379", hasPassword: false, isSecure: true, lacksPassword: false }],
  ["redis+cluster://:secret@a", { name: "a:6379", hasPassword: true, lacksPassword: false }],
  ["redis+cluster://me@a", { name: "a:6379", hasPassword: false, lacksPassword: true }],
  ["redis+cluster://me:secret@a", { name: "a:6379", hasPassword: true, lacksPassword: false }],
])("%s", (text, expected) => {
  expect(readOrigin(text)).toMatchObject(expected);
});

test.each(["redis+cluster://a/1", "redis+cluster://a?db=1"])(
  "%s is refused: a cluster has one database",
  (text) => {
    expect(() => readOrigin(text)).toThrow(
      new RangeError("origin names a database, but a cluster has only one"),
    );
  },
);
