/** CLIENT PAUSE: which scripts it lets pass, and how its end reaches all threads. */

import { expect, test } from "bun:test";
import { createHash } from "node:crypto";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import type { RespClient } from "../../test/support/resp-client.ts";
import { clientOfEach, startThreads } from "../../test/support/threads.ts";
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

test("UNPAUSE ends the wait in all threads, by itself and in a transaction", async () => {
  await using origin = new FakeOrigin();
  await using threads = await startThreads(origin, { threads: 2 });
  const waiting = await clientOfEach(threads.supervisor);
  const [client, ...others] = (await clientOfEach(threads.supervisor)) as [RespClient, ...RespClient[]];
  for (const commands of [["UNPAUSE"], ["MULTI", "UNPAUSE", "EXEC"]]) {
    await client.must("CLIENT", "PAUSE", "100000", "WRITE");
    const written = waiting.map((writer) => writer.ask("SET", "key", "value"));
    const paused = async () => String(await client.must("CLIENT", "LIST")).match(/ flags=b /g)?.length;
    await until(async () => (await paused()) === waiting.length);
    for (const name of commands) await client.must(...(name === "UNPAUSE" ? ["CLIENT", name] : [name]));
    expect(await Promise.all(written)).toEqual(["OK", "OK"]);
  }
  for (const each of [client, ...others, ...waiting]) each.close();
});
