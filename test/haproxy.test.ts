/** examples/haproxy: three proxies behind one address, one of which ends in order, and one is killed. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type RunningServer, startGlasscache, startRedis } from "./support/origins.ts";
import { freePort, TemporaryDirectory } from "./support/program.ts";
import { requireProgram } from "./support/requirements.ts";
import { RespClient } from "./support/resp-client.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(60_000);

const haproxy = requireProgram("haproxy");
const redis = requireProgram("redis-server");
const EXAMPLE = join(import.meta.dir, "../examples/haproxy/haproxy.cfg");

/** Clients come and go, so that load finds a proxy that is ready again. */
const REQUESTS_EACH = 50;

/** Asks over one connection after the other, and notes what went wrong on one that was open. */
class Visitor {
  answered = 0;
  /** Reads that were older than what the connection had written, and connections that were refused. */
  readonly stale: string[] = [];
  readonly refused: string[] = [];
  readonly #port: number;
  #isDone = false;
  readonly done: Promise<void>;

  constructor(port: number, number: number) {
    this.#port = port;
    this.done = this.#visit(number);
  }

  end(): Promise<void> {
    this.#isDone = true;
    return this.done;
  }

  async #visit(number: number): Promise<void> {
    while (!this.#isDone) {
      const client = await RespClient.connect({ port: this.#port }).catch((error: Error) => {
        this.refused.push(error.message);
      });
      if (client === undefined) continue;
      try {
        for (let asked = 0; asked < REQUESTS_EACH && !this.#isDone; asked++) {
          const key = `key:${(number * 7 + this.answered) % 50}`;
          const written = await client.ask("INCR", key);
          // What was just written on this connection is read back, or something newer.
          const read = Number(await client.ask("GET", key));
          if (!(read >= Number(written))) this.stale.push(`${key} was ${read} after ${String(written)}`);
          this.answered++;
        }
      } catch {
        // The proxy has ended; the next connection goes to another one.
      }
      client.close();
    }
  }
}

async function startProxies(origin: RunningServer): Promise<{ proxy: RunningServer; adminPort: number }[]> {
  return Promise.all(
    [1, 2, 3].map(async () => {
      const adminPort = await freePort();
      const args = ["--origin", `127.0.0.1:${origin.port}`, "--threads", "1"];
      const proxy = await startGlasscache(["proxy", ...args, "--admin", `127.0.0.1:${adminPort}`]);
      return { proxy, adminPort };
    }),
  );
}

describe.skipIf(!haproxy.available || !redis.available)(
  haproxy.title(redis.title("three proxies behind HAProxy")),
  () => {
    test("load moves when one is drained, and when one is killed; no read goes back in time", async () => {
      using directory = new TemporaryDirectory();
      await using origin = await startRedis();
      const proxies = await startProxies(origin);
      const port = await freePort();
      let config = readFileSync(EXAMPLE, "utf8").replace("127.0.0.1:8080", `127.0.0.1:${port}`);
      for (const [index, { proxy, adminPort }] of proxies.entries()) {
        const [old, oldAdmin] = [8101 + index, 8111 + index];
        config = config.replace(
          `127.0.0.1:${old} port ${oldAdmin}`,
          `127.0.0.1:${proxy.port} port ${adminPort}`,
        );
      }
      const path = join(directory.path, "haproxy.cfg");
      writeFileSync(path, config);
      expect(Bun.spawnSync([haproxy.path, "-c", "-f", path]).exitCode).toBe(0);
      const balancer = Bun.spawn([haproxy.path, "-f", path], { stdout: "ignore", stderr: "ignore" });
      try {
        const clientsOf = async ({ proxy }: { proxy: RunningServer }): Promise<number> => {
          using client = await RespClient.connect({ port: proxy.port });
          const info = String(await client.must("INFO", "proxy"));
          return Number(/proxy_clients:(\d+)/.exec(info)![1]) - 1;
        };
        await until(async () => {
          const client = await RespClient.connect({ port }).catch(() => undefined);
          const answer = await client?.ask("PING").catch(() => undefined);
          client?.close();
          return answer === "PONG";
        }, "HAProxy finds the proxies ready");
        const visitors = Array.from({ length: 30 }, (_, number) => new Visitor(port, number));
        const [first, second, third] = proxies as [
          (typeof proxies)[0],
          (typeof proxies)[0],
          (typeof proxies)[0],
        ];
        await until(async () => {
          const counts = await Promise.all(proxies.map(clientsOf));
          return counts.every((count) => count >= 5);
        }, "each proxy has clients");
        const answered = () => visitors.reduce((sum, each) => sum + each.answered, 0);
        // In order: its clients finish what they ask, and go on elsewhere.
        expect(await first.proxy.program.end()).toBe(0);
        await until(async () => (await clientsOf(second)) + (await clientsOf(third)) >= 25, "all have moved");
        await second.proxy.kill();
        await until(async () => (await clientsOf(third)) >= 25, "all have moved again");
        const before = answered();
        await until(() => Promise.resolve(answered() > before + 100), "the load goes on");
        await Promise.all(visitors.map((visitor) => visitor.end()));
        expect(visitors.flatMap(({ stale }) => stale)).toEqual([]);
        expect(visitors.flatMap(({ refused }) => refused)).toEqual([]);
      } finally {
        balancer.kill();
        await balancer.exited;
        for (const { proxy } of proxies) await proxy[Symbol.asyncDispose]();
      }
    });
  },
);
