import { expect, test } from "bun:test";
import { bulk, FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { infoField } from "../../test/support/threads.ts";
import { trackingLimitAdvice } from "./tracking-limit.ts";

const MEGABYTE = 1024 ** 2;

test("there is no advice if the origin tracks as many keys as the cache may hold", () => {
  expect(trackingLimitAdvice(undefined, 1024 * MEGABYTE)).toBeUndefined();
  expect(trackingLimitAdvice(0, 1024 * MEGABYTE)).toBeUndefined();
  expect(trackingLimitAdvice(1_000_000, 64 * MEGABYTE)).toBeUndefined();
});

test("otherwise the advice is logged once, and INFO has the number", async () => {
  expect(trackingLimitAdvice(1_000_000, 256 * MEGABYTE)).toContain("1,000,000 keys");
  using origin = new FakeOrigin({
    script: ([name, , parameter]) =>
      name === "CONFIG" ? `%1\r\n${bulk(parameter!)}${bulk("1000")}` : undefined,
  });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const advice = await local.logged(/remembers 1,000 keys/);
  expect(advice).toContain("CONFIG SET tracking-table-max-keys");
  const client = await local.client();
  expect(infoField(await client.must("INFO"), "origin_tracking_table_max_keys")).toBe("1000");
  origin.dropAll();
  await local.logged(/^connected to origin/, local.messages.length);
  expect(local.messages.filter(({ message }) => message.includes("remembers"))).toHaveLength(1);
});
