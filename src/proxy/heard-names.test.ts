import { expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { HeardNames } from "./heard-names.ts";

test("names are kept apart from patterns, each once", () => {
  const names = new HeardNames();
  expect(names.all).toEqual({ channels: [], patterns: [] });
  names.note("subscribe", requestOf("SUBSCRIBE", "news", "sport"));
  names.note("psubscribe", requestOf("PSUBSCRIBE", "n*"));
  names.note("ssubscribe", requestOf("SSUBSCRIBE", "shard", "news"));
  expect(names.all).toEqual({ channels: ["news", "sport", "shard"], patterns: ["n*"] });
});

test("are unknown once some were not noted", () => {
  const names = new HeardNames();
  names.note("subscribe", requestOf("SUBSCRIBE", "news"));
  names.lose();
  expect(names.all).toBeUndefined();
});
