import { afterAll, expect, test } from "bun:test";
import { chmodSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { TemporaryDirectory } from "../../test/support/program.ts";
import { HISTORY_LINES, History, historyPath } from "./client-history.ts";

const directory = new TemporaryDirectory();
afterAll(() => directory[Symbol.dispose]());

test("typed lines are kept, newest first; only the owner can read them", () => {
  const path = join(directory.path, "new/state/history");
  const history = new History(path);
  expect(history.load()).toEqual([]);
  history.add("GET a");
  history.add("GET b");
  expect(new History(path).load()).toEqual(["GET b", "GET a"]);
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(path, "..")).mode & 0o777).toBe(0o700);
  chmodSync(path, 0o644);
  history.add("GET c");
  expect(statSync(path).mode & 0o777).toBe(0o600);
});

test("the file is cut when it has twice the lines to keep", () => {
  const path = join(directory.path, "long");
  const lines = Array.from({ length: 2 * HISTORY_LINES + 1 }, (_, i) => `GET ${i}`);
  writeFileSync(path, `${lines.join("\n")}\n`);
  const kept = new History(path).load();
  expect(kept).toHaveLength(HISTORY_LINES);
  expect(kept[0]).toBe(`GET ${2 * HISTORY_LINES}`);
  expect(statSync(path).size).toBe(kept.join("\n").length + 1);
});

test("if it cannot be kept, there is none", () => {
  const history = new History(join(directory.path, "long/history"));
  history.add("GET a");
  expect(history.load()).toEqual([]);
});

test("its place follows the XDG base directory specification", () => {
  expect(historyPath({ XDG_STATE_HOME: "/state" })).toBe("/state/glasscache/history");
  const usual = join(homedir(), ".local/state/glasscache/history");
  expect(historyPath({})).toBe(usual);
  expect(historyPath({ XDG_STATE_HOME: "relative" })).toBe(usual);
});
