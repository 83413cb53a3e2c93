/** CLIENT PAUSE: what the proxy knows of scripts, and so lets pass. */

import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { until } from "../../test/support/until.ts";

const digestOf = (script: string) => createHash("sha1").update(script).digest("hex");
const isScript = (name: string) => ["EVAL", "EVALSHA", "SCRIPT"].includes(name);

test("PAUSE WRITE lets a script pass that an EVAL or SCRIPT LOAD has shown to write nothing", async () => {
  using origin = new FakeOrigin({ script: ([name]) => (isScript(name!) ? ":1\r\n" : undefined) });
  await using local = await LocalProxy.ready({ origin: origin.port });
  const [client, waiting] = await local.clients(2);
  const [run, loaded, writing] = [
    "#!lua flags=no-writes\nreturn 1",
    "#!lua flags=no-writes\nreturn 2",
    "#!lua\nreturn 3",
  ];
  await client!.must("EVAL", run!, "0");
  await client!.must("EVAL", writing!, "0");
  await client!.must("SCRIPT", "LOAD", loaded!);
  await client!.must("CLIENT", "PAUSE", "100000", "WRITE");
  expect(await client!.ask("EVALSHA", digestOf(run!), "0")).toBe(1);
  expect(await client!.ask("EVALSHA", digestOf(loaded!), "0")).toBe(1);
  const written = waiting!.ask("EVALSHA", digestOf(writing!), "0");
  await until(() => local.proxy.pause.waitingCount === 1);
  expect(origin.count("EVALSHA", digestOf(writing!))).toBe(0);
  await client!.must("CLIENT", "UNPAUSE");
  expect(await written).toBe(1);
});
