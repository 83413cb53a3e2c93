import { afterEach, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { TemporaryDirectory } from "../../test/support/program.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { ListenError } from "../net/listening-sockets.ts";
import { type RunningServer, type StartOptions, startServer } from "./start.ts";

let directory: TemporaryDirectory | undefined;

afterEach(() => {
  directory?.[Symbol.dispose]();
  directory = undefined;
});

function options(changes: Partial<StartOptions> = {}): StartOptions {
  directory ??= new TemporaryDirectory();
  return {
    host: "127.0.0.1",
    port: 0,
    engine: "memory",
    dataDirectory: join(directory.path, "data"),
    sync: "always",
    memoryBytes: 16 * 1024 ** 2,
    ...changes,
  };
}

async function withClient<T>(server: RunningServer, use: (client: RespClient) => Promise<T>): Promise<T> {
  using client = await RespClient.connect({ port: server.port });
  return await use(client);
}

describe("a server that was started", () => {
  for (const sync of ["always", "interval"] as const) {
    test(`on disk (${sync}) has its keys and their expiry when it is started again`, async () => {
      const settings = options({ engine: "lmdb", sync });
      const first = await startServer(settings);
      await withClient(first, async (client) => {
        await client.must("MSET", "a", "1", "b", "2");
        await client.must("PEXPIREAT", "b", "4102444800000");
        await client.must("DEL", "a");
        await client.must("SET", "short", "1", "PXAT", "1");
      });
      await first.close();
      const second = await startServer(settings);
      await withClient(second, async (client) => {
        expect(await client.ask("MGET", "a", "b", "short")).toEqual([null, "2", null]);
        expect(await client.ask("PEXPIRETIME", "b")).toBe(4_102_444_800_000);
      });
      await second.close();
    });
  }

  test("in memory begins empty, and stays within its budget", async () => {
    const server = await startServer(options({ memoryBytes: 2 * 1024 ** 2 }));
    await withClient(server, async (client) => {
      for (let n = 0; n < 400; n++) expect(await client.ask("SET", `${n}`, "x".repeat(10_000))).toBe("OK");
      expect(await client.must("DBSIZE")).toBeLessThan(210);
    });
    await server.close();
  });

  test("in memory refuses writes if set to", async () => {
    const server = await startServer(options({ memoryBytes: 2 * 1024 ** 2, whenFull: "refuse" }));
    await withClient(server, async (client) => {
      const replies = new Set<string>();
      for (let n = 0; n < 400; n++) replies.add(String(await client.ask("SET", `${n}`, "x".repeat(10_000))));
      expect([...replies].sort()).toEqual(["OK", expect.stringContaining("OOM command not allowed")]);
      expect(await client.ask("GET", "0")).toBe("x".repeat(10_000));
    });
    await server.close();
  });

  test("says that the port is taken, and frees everything", async () => {
    const first = await startServer(options());
    const settings = options({ engine: "lmdb", port: first.port });
    const refused = startServer(settings);
    await expect(refused).rejects.toBeInstanceOf(ListenError);
    await first.close();
    // The data directory is free again.
    const second = await startServer({ ...settings, port: 0 });
    await second.close();
  });

  test("closes once, however often close is called", async () => {
    const server = await startServer(options());
    await Promise.all([server.close(), server.close()]);
    await server.close();
    await expect(RespClient.connect({ port: server.port })).rejects.toThrow();
  });
});
