import { describe, expect, test } from "bun:test";
import { describeServer, greeting, help } from "./client-greeting.ts";

const PROXY = { address: "localhost:8080", what: "a Glasscache proxy in front of redis 7.0.15" };

describe("the first screen", () => {
  test("at 40 columns", () => {
    expect(greeting(PROXY, 40)).toBe(`\
Connected to localhost:8080: a
Glasscache proxy in front of redis
7.0.15.
PUT key=value, GET key, DELETE key,
DUMP, any command of Redis. HELP shows
more, QUIT ends.
`);
  });

  test("at 80 columns", () => {
    expect(greeting(PROXY, 80)).toBe(`\
Connected to localhost:8080: a Glasscache proxy in front of redis 7.0.15.
PUT key=value, GET key, DELETE key, DUMP, any command of Redis. HELP shows more,
QUIT ends.
`);
  });

  test("at 200 columns", () => {
    expect(greeting(PROXY, 200)).toBe(`\
Connected to localhost:8080: a Glasscache proxy in front of redis 7.0.15.
PUT key=value, GET key, DELETE key, DUMP, any command of Redis. HELP shows more, QUIT ends.
`);
  });
});

describe("HELP", () => {
  test("at 40 columns", () => {
    expect(help(false, 40)).toStartWith(`\
PUT key=value
    store a value; PUT key value does
    the same
GET key
`);
    expect(help(false, 40)).toEndWith(`
Tab            completes commands,
               subcommands, options and
               keys
Ctrl-R         searches earlier lines;
               the arrow keys bring them
               back
Ctrl-C         cancels the running
               request
QUIT, Ctrl-D   end
`);
  });

  test("at 80 columns", () => {
    expect(help(true, 80)).toBe(`\
PUT key=value       store a value; PUT key value does the same
GET key             read it; keys and values with spaces need no quotes here
DELETE key          remove it
DUMP                all keys and values
TTL key, …          any command of Redis; words with spaces in quotes: SET "a
                    key" "a value"
SUBSCRIBE channel   messages as they arrive, until Ctrl-C; MONITOR shows all
                    commands likewise
GLASS.EXPLAIN key   whether it is cached, since when, and its place in the
                    policy

Tab            completes commands, subcommands, options and keys
Ctrl-R         searches earlier lines; the arrow keys bring them back
Ctrl-C         cancels the running request
QUIT, Ctrl-D   end
`);
  });

  test("at 200 columns each is one line", () => {
    expect(help(true, 200).split("\n")).toHaveLength(13);
  });
});

test.each([
  ["redis", "7.2.1", false, "redis_version:7.2.1\r\n", "redis 7.2.1"],
  ["redis", "7.2.4", false, "redis_version:7.2.4\r\nvalkey_version:8.0.1\r\n", "valkey 8.0.1"],
  [
    "redis",
    "7.0.15",
    false,
    "redis_version:7.0.15\r\nglasscache_version:0.1.0\r\n",
    "a Glasscache server 0.1.0",
  ],
  [
    "redis",
    "7.0.15",
    true,
    "glasscache_version:0.1.0\r\n",
    "a Glasscache proxy in front of a Glasscache server 0.1.0",
  ],
  ["redis", "7.2.1", true, "", "a Glasscache proxy in front of redis 7.2.1"],
  ["", "", false, "", "a server"],
])("%s %s, %p, %j: %s", (name, version, tellsSource, info, what) => {
  expect(describeServer({ name, version, tellsSource }, info)).toBe(what);
});
