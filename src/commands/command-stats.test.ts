/** INFO's calls of each command, at server and proxy. */
import { expect, test } from "bun:test";
import { bulk, FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { LocalServer } from "../../test/support/local-server.ts";
import { clientOfEach, startThreads } from "../../test/support/threads.ts";
import { until } from "../../test/support/until.ts";
import { COMMAND_FACTS, COUNTED_COMMANDS } from "./command-facts.ts";
import { commandStats } from "./command-stats.ts";

/** The calls and failed calls of each command. @param info a section of INFO */
function callsOf(info: unknown): Record<string, [calls: number, failed: number]> {
  const line =
    /^(?:proxy_)?cmdstat_([^:]+):calls=(\d+),usec=\d+,usec_per_call=\d+\.\d\d,rejected_calls=0,failed_calls=(\d+)\r$/gm;
  const found = [...String(info).matchAll(line)];
  expect(String(info).split("\r\n").length).toBe(found.length + 2);
  return Object.fromEntries(
    found.map(([, name, calls, failed]) => [name!, [Number(calls), Number(failed)] as const]),
  ) as Record<string, [number, number]>;
}

test("every command of the tables is counted as itself, a subcommand as its container", () => {
  for (const { name, number } of COMMAND_FACTS.values()) {
    expect(COUNTED_COMMANDS[number]!.name).toBe(name.replace(/\|.*/, ""));
  }
});

test("a line has Redis's form", () => {
  const calls = [
    { name: "get", calls: 3, micros: 10.4, failed: 1 },
    { name: "set", calls: 0, micros: 0, failed: 0 },
  ];
  expect(commandStats(calls, "proxy_")).toEqual({
    proxy_cmdstat_get: "calls=3,usec=10,usec_per_call=3.47,rejected_calls=0,failed_calls=1",
  });
});

test("the server counts calls, and those answered with an error, since CONFIG RESETSTAT", async () => {
  await using local = new LocalServer();
  const client = await local.client();
  await client.must("SET", "a", "text");
  for (let i = 0; i < 100; i++) await client.must("GET", "a");
  await client.ask("INCR", "a");
  await client.ask("NOSUCH");
  const info = await client.must("INFO", "commandstats");
  expect(callsOf(info)).toEqual({ other: [1, 1], set: [1, 0], get: [100, 0], incr: [1, 1] });
  expect(/cmdstat_get:calls=100,usec=([1-9]\d*)/.test(String(info))).toBe(true);
  await client.must("CONFIG", "RESETSTAT");
  await client.must("GET", "a");
  expect(callsOf(await client.must("INFO", "commandstats"))).toEqual({
    ...{ config: [1, 0], get: [1, 0] },
  });
  expect(String(await client.must("INFO"))).not.toContain("cmdstat");
  expect(String(await client.must("INFO", "all"))).toContain("# Commandstats\r\ncmdstat_get:");
});

test("the proxy counts what is asked of it, and passes the origin's section on", async () => {
  using origin = new FakeOrigin({
    script: ([name]) => (name === "INFO" ? bulk("# Commandstats\r\ncmdstat_get:calls=1\r\n") : undefined),
  });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const client = await local.client();
  const text = await local.textClient();
  origin.values.set("a", "1");
  for (let i = 0; i < 3; i++) await client.must("GET", "a");
  await text.ask("GET a");
  await client.must("MGET", "a", "b");
  await client.must("CLIENT", "ID");
  await client.ask("GLASS.SOURCE", "ON");
  expect(callsOf(await client.must("INFO", "proxycommandstats"))).toEqual({
    ...{ text: [1, 0], get: [3, 0], mget: [1, 0], client: [1, 0] },
    ...{ "glass.source": [1, 1], info: [1, 0] },
  });
  const theirs = String(await client.must("INFO", "commandstats"));
  expect(theirs).toContain("cmdstat_get:calls=1\r\n");
  expect(theirs).not.toContain("proxy_");
});

test("the calls of all threads are one figure, also of one that has died", async () => {
  using origin = new FakeOrigin();
  await using threads = await startThreads(origin, { threads: 2 });
  const clients = await clientOfEach(threads.supervisor);
  for (const client of clients) for (let i = 0; i < 5; i++) await client.must("GET", "a");
  const gets = async () => callsOf(await clients[0]!.must("INFO", "proxycommandstats"))["get"];
  await until(async () => (await gets())?.[0] === 10);
  await threads.supervisor.killThread(1);
  await until(() => threads.supervisor.restarts === 1);
  expect(await gets()).toEqual([10, 0]);
  await clients[0]!.must("CONFIG", "RESETSTAT");
  expect(await gets()).toBeUndefined();
  for (const client of clients) client.close();
});
