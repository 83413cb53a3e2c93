import { describe, expect, test } from "bun:test";
import { utf8 } from "../lib/bytes.ts";
import { wordsWithInput } from "./client-input.ts";

async function* streamOf(...pieces: string[]): AsyncGenerator<Uint8Array> {
  for (const piece of pieces) yield utf8(piece);
}

const input = (...pieces: string[]) => ({ isTerminal: false, stream: streamOf(...pieces) });
const terminal = { isTerminal: true, stream: streamOf("typed") };

describe("standard input as the last word", () => {
  test("if requested, byte for byte, an empty one too", async () => {
    expect(await wordsWithInput(["SET", "a"], true, input("b\n", "c\n"))).toEqual([
      "SET",
      "a",
      utf8("b\nc\n"),
    ]);
    expect(await wordsWithInput(["SET", "a"], true, input())).toEqual(["SET", "a", new Uint8Array(0)]);
    expect(await wordsWithInput(["GET"], true, terminal)).toEqual(["GET", utf8("typed")]);
  });

  test("if PUT lacks a value", async () => {
    expect(await wordsWithInput(["put", "a"], false, input("b"))).toEqual(["put", "a", utf8("b")]);
    // Without `--stdin`, an empty input is not a value.
    expect(await wordsWithInput(["PUT", "a"], false, input())).toEqual(["PUT", "a"]);
    expect(await wordsWithInput(["PUT", "a"], false, terminal)).toEqual(["PUT", "a"]);
  });

  test("else it is left alone", async () => {
    for (const words of [["PUT", "a=b"], ["PUT", "a", "b"], ["PUT"], ["GET", "a"], ["SET", "a"], []]) {
      expect(await wordsWithInput(words, false, input("x"))).toEqual(words);
    }
  });

  test("mistakes", async () => {
    await expect(wordsWithInput([], true, input("x"))).rejects.toThrow("the last word of a command");
    await expect(wordsWithInput(["SET", "a"], true, input("123", "456"), 5)).rejects.toThrow(
      "standard input is larger than 5 B, the most a value can have",
    );
  });
});
