import { describe, expect, test } from "bun:test";
import { join } from "node:path";
import { startRedis } from "../../test/support/origins.ts";
import { Program } from "../../test/support/program.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { ConnectionLost, RespClient } from "../../test/support/resp-client.ts";
import { until } from "../../test/support/until.ts";
import { fittingConnections, readDescriptors } from "./descriptor-limit.ts";
import { FailedError } from "./exit.ts";

const redis = requireProgram("redis-server");
const GLASSCACHE = join(import.meta.dir, "../../bin/glasscache");

describe("fittingConnections", () => {
  const of = (wanted: number, limit: number, open: number) =>
    fittingConnections(wanted, { limit, open }, 64, "--max-connections");

  test("is the requested one if there are enough descriptors, or their number is unknown", () => {
    expect(of(20_000, 30_000, 20)).toEqual({ connections: 20_000, message: undefined });
    expect(of(20_000, 20_084, 20)).toEqual({ connections: 20_000, message: undefined });
    expect(of(20_000, Number.POSITIVE_INFINITY, 20).connections).toBe(20_000);
    expect(fittingConnections(5, undefined, 64, "").connections).toBe(5);
  });

  test("leaves the reserve, and says so", () => {
    const { connections, message } = of(20_000, 20_083, 20);
    expect(connections).toBe(19_999);
    expect(message).toBe(
      "at most 19,999 clients instead of 20,000 (--max-connections): this process may open 20083 files " +
        "(ulimit -n), has 20 open and keeps 64 in reserve",
    );
  });

  test("leaves half if there are few, and refuses if there are none", () => {
    expect(of(20_000, 100, 20).connections).toBe(40);
    expect(() => of(20_000, 21, 20)).toThrow(FailedError);
    expect(() => of(20_000, 21, 20)).toThrow("raise ulimit -n");
  });
});

test("this process's own descriptors are counted", () => {
  const descriptors = readDescriptors();
  if (process.platform !== "linux") return;
  expect(descriptors!.open).toBeGreaterThan(3);
  expect(descriptors!.limit).toBeGreaterThan(descriptors!.open);
});

/** Starts our program with a limit on open files. */
async function startLimited(
  files: number,
  args: readonly string[],
): Promise<{ program: Program; port: number }> {
  const command = `ulimit -n ${files}; exec "$0" "$@"`;
  const { program, ready: port } = await Program.start(
    ["sh", "-c", command, GLASSCACHE, ...args, "--host", "127.0.0.1", "--port", "0"],
    (line) =>
      line.includes('"ready"') ? (JSON.parse(line) as { ready: { port: number } }).ready.port : undefined,
    { env: { GLASSCACHE_LOG_FORMAT: "json" } },
  );
  return { program, port };
}

/**
 * Opens `count` connections, some of which may be refused.
 * @returns the served connections and the refusals
 */
async function crowd(port: number, count: number): Promise<{ served: RespClient[]; refusals: string[] }> {
  const served: RespClient[] = [];
  const refusals: string[] = [];
  for (let n = 0; n < count; n++) {
    const client = await RespClient.connect({ port });
    const answer = await client.ask("PING").catch((error: Error) => error);
    if (answer === "PONG") served.push(client);
    else refusals.push(answer instanceof ConnectionLost ? "closed" : String(answer));
  }
  return { served, refusals };
}

describe.skipIf(!redis.available)(redis.title("with more clients than file descriptors"), () => {
  test.each([1, 2])(
    "a proxy of %d threads refuses them, and survives a restart of its origin",
    async (threads) => {
      await using origin = await startRedis();
      const { program, port } = await startLimited(100, [
        ...["proxy", "--origin", `redis://127.0.0.1:${origin.port}`, "--threads", String(threads)],
      ]);
      try {
        await until(async () => program.output.includes("at most"));
        const { served, refusals } = await crowd(port, 120);
        expect(served.length).toBeGreaterThan(15);
        expect(refusals.length).toBe(120 - served.length);
        expect(new Set(refusals.map((text) => text.replace("closed", "max number of clients"))).size).toBe(1);
        const [client] = served;
        await until(async () => (await client!.ask("SET", "a", "1")) === "OK");
        await origin.kill();
        await until(async () => String(await client!.ask("SET", "a", "1")).includes("ORIGIN"));
        await origin.restart();
        await until(async () => (await client!.ask("SET", "a", "2")) === "OK");
        expect(await client!.must("GET", "a")).toBe("2");
        // A client that leaves makes room for another.
        for (const each of served.splice(0, 5)) each.close();
        await until(async () => (await crowd(port, 1)).served.length === 1);
        for (const each of served) each.close();
      } finally {
        await program.kill();
      }
    },
  );

  test("the server refuses them, too", async () => {
    const { program, port } = await startLimited(80, ["server", "--engine", "memory"]);
    try {
      const { served, refusals } = await crowd(port, 100);
      expect(served.length).toBeGreaterThan(15);
      expect(refusals.length).toBeGreaterThan(15);
      for (const client of served) expect(await client.must("SET", "a", "1")).toBe("OK");
      for (const client of served) client.close();
    } finally {
      await program.kill();
    }
  });
});
