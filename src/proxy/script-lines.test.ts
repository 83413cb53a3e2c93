/** MONITOR through the proxy shows the commands of scripts, too. */
import { describe, expect, test } from "bun:test";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { startRedis } from "../../test/support/origins.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { until } from "../../test/support/until.ts";

const redis = requireProgram("redis-server");
const SCRIPT = "return redis.call('set', KEYS[1], ARGV[1])";

describe.skipIf(!redis.available)(redis.title("scripts, to a client that monitors"), () => {
  test("the commands of scripts follow their call, without other lines of the origin", async () => {
    await using origin = await startRedis();
    await using local = await LocalProxy.ready({ origin: origin.port });
    using direct = await RespClient.connect({ port: origin.port });
    const [monitor, client] = [await local.frameClient(), await local.client()];
    monitor.send(["MONITOR"]);
    await monitor.received(1);
    await direct.must("SET", "other", "1");
    await client.must("EVAL", SCRIPT, "1", "k", "v");
    await client.must("GET", "k");
    await monitor.received(4);
    const lines = monitor.frames.slice(1).map((frame) => frame.replace(/^\S+ /, "").trim());
    expect(lines.map((line) => line.replace(/\[0 [\d.:]+\]/, "[0 client]")).sort()).toEqual(
      [`[0 client] "EVAL" "${SCRIPT}" "1" "k" "v"`, '[0 lua] "set" "k" "v"', '[0 client] "GET" "k"'].sort(),
    );
    expect(lines[0]).toContain('"EVAL"');
  });

  test("a request that had to wait for the one before is shown once, when it came", async () => {
    await using origin = await startRedis();
    await using local = await LocalProxy.ready({ origin: origin.port });
    const [monitor, client] = [await local.frameClient(), await local.client()];
    monitor.send(["MONITOR"]);
    await monitor.received(1);
    // A script runs alone, so it waits for the write's reply.
    const replies = [
      client.must("SET", "k", "1"),
      client.must("EVAL", "return 7", "0"),
      client.must("GET", "k"),
    ];
    expect(await Promise.all(replies)).toEqual(["OK", 7, "1"]);
    await client.must("PING");
    await monitor.received(5);
    const lines = monitor.frames.slice(1).map((frame) => frame.replace(/^[^"]+/, "").trim());
    expect(lines).toEqual(['"SET" "k" "1"', '"EVAL" "return 7" "0"', '"GET" "k"', '"PING"']);
  });

  test("the origin is asked while a client monitors, and again when it has come back", async () => {
    await using origin = await startRedis();
    await using local = await LocalProxy.ready({ origin: origin.port });
    using direct = await RespClient.connect({ port: origin.port });
    const monitors = async (): Promise<number> =>
      (String(await direct.must("CLIENT", "LIST")).match(/ flags=\S*O/g) ?? []).length;
    const [one, other] = [await local.frameClient(), await local.frameClient()];
    for (const each of [one, other]) {
      each.send(["MONITOR"]);
      await each.received(1);
    }
    expect(await monitors()).toBe(1);
    await direct.must("CLIENT", "KILL", "SKIPME", "yes");
    await local.logged(/was lost/);
    await until(async () => (await monitors()) === 1);
    one.close();
    other.send(["RESET"]);
    await until(async () => (await monitors()) === 0);
  });

  test("the proxy's clients are shown even while the origin cannot be reached", async () => {
    await using origin = await startRedis();
    await using local = await LocalProxy.ready({ origin: origin.port });
    await origin.kill();
    await local.logged(/was lost/);
    const [monitor, client] = [await local.frameClient(), await local.client()];
    monitor.send(["MONITOR"]);
    await monitor.received(1);
    await client.ask("GET", "k");
    await monitor.received(2);
    expect(monitor.frames[1]).toEndWith(' "GET" "k"\r\n');
  });
});
