import { expect, test } from "bun:test";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { LocalServer } from "../../test/support/local-server.ts";
import { until } from "../../test/support/until.ts";
import { changedKeys, DemoWatch, readMonitorLine } from "./demo-watch.ts";

test.each([
  ['1.5 [0 127.0.0.1:60866] "GET" "a"', { client: "127.0.0.1:60866", words: ["GET", "a"] }],
  ['1.5 [0 [::1]:6] "SET" "a \\"b\\"" "c\\\\d"', { client: "[::1]:6", words: ["SET", 'a "b"', "c\\d"] }],
  ['1.5 [0 127.0.0.1:6] "GET" "\\xd0\\xba\\n\\t"', { client: "127.0.0.1:6", words: ["GET", "к\n\t"] }],
  ['1.5 [0 127.0.0.1:6] "GET" "\\xff"', { client: "127.0.0.1:6", words: ["GET", Uint8Array.of(255)] }],
  ['1.5 [0 127.0.0.1:6] "SET" "a" ""', { client: "127.0.0.1:6", words: ["SET", "a", ""] }],
  ["OK", undefined],
])("a line of MONITOR: %s", (line, request) => {
  expect(readMonitorLine(line)).toEqual(request as never);
});

test.each([
  ["SET a b EX 5", ["a"]],
  ["mset a 1 b 2", ["a", "b"]],
  ["PUT a b", ["a"]],
  ["DELETE a", ["a"]],
  ["RENAME a b", ["a", "b"]],
  ["GET a", []],
  ["MGET a b", []],
  ["MULTI", []],
  ["NOSUCH a", []],
  ["FLUSHALL", "all"],
])("keys that %s may change", (request, keys) => {
  expect(changedKeys(request.split(" "))).toEqual(keys as never);
});

test("only a key that is gone has expired: a change may be told before its command", async () => {
  await using server = new LocalServer();
  await using proxy = await LocalProxy.ready({ origin: server.port });
  const lines: string[] = [];
  // No command at the server is shown, as if MONITOR were late.
  const own = {
    addresses: new Set<string>(),
    isAtServer: () => true,
    reads: () => false,
    changes: () => false,
  };
  await using _watch = await DemoWatch.start(server.port, proxy.port, own, (line) => void lines.push(line));
  const client = await server.client();
  await client.must("SET", "late", "1");
  await client.must("SET", "brief", "1", "PX", "1");
  await until(() => lines.length > 0, "an expiry is told");
  // The server told of it twice: when it was written, and when it expired.
  expect([...new Set(lines)]).toEqual(["server: brief has expired; the proxy's entry is invalidated"]);
});
