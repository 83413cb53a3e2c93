import { expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { toldKey } from "./told-key.ts";

test("text is told as text, other bytes in base64", () => {
  expect(toldKey(utf8("größe:1"))).toEqual({ text: "größe:1" });
  expect(toldKey(new Uint8Array(0))).toEqual({ text: "" });
  expect(toldKey(Uint8Array.of(0xff, 0, 1))).toEqual({ base64: "/wAB" });
});

test("the beginning of a text ends with a mark, and not within a character", () => {
  const smile = utf8("a😀");
  for (const bytes of [1, 2, 3, 4]) expect(toldKey(smile.subarray(0, bytes), true)).toEqual({ text: "a…" });
  expect(toldKey(smile, true)).toEqual({ text: "a😀…" });
  expect(toldKey(Uint8Array.of(0xff, 0, 1, 0x61, 0x61, 0x61), true)).toEqual({ base64: "/wABYWFh" });
});
