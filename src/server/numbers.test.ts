import { expect, test } from "bun:test";
import { undocumented } from "../../test/support/documented-metrics.ts";
import { LocalServer } from "../../test/support/local-server.ts";
import type { Metric } from "../instruments/view.ts";
import { serverMetrics } from "./numbers.ts";

function metricsOf({ server }: LocalServer): Metric[] {
  server.numbers.publish(server);
  return serverMetrics(server.numbers.buffer);
}

function samples(metrics: readonly Metric[], name: string): Record<string, number> {
  const found = metrics.find((metric) => metric.name === name)?.samples ?? [];
  const entries = found.map(({ labels, value }) => [Object.values(labels).join(" "), value] as const);
  return Object.fromEntries(entries.filter(([, value]) => value > 0));
}

test("a server's figures are documented, and add up to the requests that clients made", async () => {
  await using local = new LocalServer();
  const client = await local.client();
  const text = await local.textClient();
  for (const command of [
    ["SET", "a", "1"],
    ["GET", "a"],
    ["GET", "nobody"],
    ["INCRBY", "a", "x"],
    ["DEL", "a"],
    ["NOSUCHCOMMAND"],
    ["GET"],
    ["MULTI"],
    ["GET", "a"],
    ["GET"],
    ["EXEC"],
    ["PING"],
  ]) {
    await client.ask(...command);
  }
  for (const line of ["PUT t=1", "GET t", "GET nobody", "PUT nothing"]) await text.ask(line);
  const metrics = metricsOf(local);
  expect(undocumented(metrics)).toEqual([]);
  for (const { help } of metrics) expect(help).toMatch(/\.$/);
  const requests = samples(metrics, "glasscache_requests_total");
  expect(requests).toEqual({
    "string served": 4,
    "string error": 3,
    "generic served": 1,
    "other error": 1,
    "transactions served": 1,
    "transactions error": 1,
    "connection served": 1,
    "text served": 3,
    "text error": 1,
  });
  const sum = Object.values(requests).reduce((total, value) => total + value, 0);
  expect(sum).toBe(local.server.registry.requestCount);
  expect(samples(metrics, "glasscache_keys_read_total")).toEqual({ hit: 2, miss: 2 });
  expect(samples(metrics, "glasscache_entries")).toEqual({ "": 1 });
  expect(samples(metrics, "glasscache_storage_up")).toEqual({ "": 1 });
});

test("batches are timed, and CONFIG RESETSTAT lets no counter go back", async () => {
  await using local = new LocalServer();
  const client = await local.client();
  for (let i = 0; i < 400; i++) await client.must("SET", "a", "1");
  const before = metricsOf(local);
  const timed = samples(before, "glasscache_request_duration_seconds")["served"]!;
  expect([timed % 8, timed > 100, timed < 1600]).toEqual([0, true, true]);
  await client.must("CONFIG", "RESETSTAT");
  expect(String(await client.must("INFO", "stats"))).toContain("total_commands_processed:1\r\n");
  const after = metricsOf(local);
  expect(samples(after, "glasscache_requests_total")["string served"]).toBe(400);
  for (const name of ["glasscache_received_bytes_total", "glasscache_sent_bytes_total"]) {
    expect(samples(after, name)[""]!).toBeGreaterThan(samples(before, name)[""]!);
  }
});
