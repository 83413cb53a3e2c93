import { describe, expect, test } from "bun:test";
import { optionsFirst } from "./option-order.ts";
import { problemsOf } from "./problems-fixture.ts";
import { optionalSetting, port, setting, switchSetting, text } from "./setting.ts";

const SETTINGS = {
  port: setting(port(1), "8080", { placeholder: "<port>", description: "", short: "-p" }),
  passwordFile: optionalSetting(text(), { placeholder: "<file>", description: "" }),
  json: switchSetting({ description: "" }),
  stdin: switchSetting({ description: "", short: "-x" }),
};

const ordered = (line: string) => optionsFirst(line.split(" ").filter(Boolean), SETTINGS).join(" ");

test.each([
  ["", ""],
  ["--json", "--json"],
  ["GET a", "-- GET a"],
  ["GET a --json", "--json -- GET a"],
  ["GET --json a", "--json -- GET a"],
  ["GET a --port 1 b", "--port 1 -- GET a b"],
  ["GET a --port=1 b", "--port=1 -- GET a b"],
  ["-p 1 GET a -x", "-p 1 -x -- GET a"],
  ["PUT a --password-file --json", "--password-file --json -- PUT a"],
  ["GET a --config c.json --help", "--config c.json --help -- GET a"],
  // Words, whatever they look like.
  ["INCRBY a -5", "-- INCRBY a -5"],
  ["ZRANGE a -inf -1", "-- ZRANGE a -inf -1"],
  ["SET a -", "-- SET a -"],
  ["SET a -- --json", "-- SET a --json"],
  ["-- SET a --json", "-- SET a --json"],
  ["--json -- --json", "--json -- --json"],
  ["SET a ---", "-- SET a ---"],
  // Before the command, the parser itself reports the mistake.
  ["--jsn GET a", "--jsn -- GET a"],
  ["-q GET a", "-q -- GET a"],
])("%s", (given, expected) => {
  expect(ordered(given)).toBe(expected);
});

describe("mistakes", () => {
  const hint = "Words of a command that begin with -- must follow a separate --";

  test.each([
    ["GET a --jsn", `there is no option --jsn; did you mean --json? ${hint}`],
    ["GET a --pport=1", `there is no option --pport; did you mean --port? ${hint}`],
    ["SET a --something-else", `there is no option --something-else. ${hint}`],
    ["GET a --port", "option '--port <port>' argument missing"],
    ["-p", "option '-p <port>' argument missing"],
  ])("%s", (given, message) => {
    expect(problemsOf(() => ordered(given))).toEqual([message]);
  });
});
