/** examples/cluster under load: a proxy is killed, then a primary. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { slotOf } from "../support/fake-cluster.ts";
import { freePort, Program } from "../support/program.ts";
import { freeNodePort, requireClusterServer } from "../support/redis-cluster.ts";
import { requireProgram } from "../support/requirements.ts";
import { RespClient } from "../support/resp-client.ts";
import { until } from "../support/until.ts";

setDefaultTimeout(300_000);

const server = requireClusterServer();
const haproxy = requireProgram("haproxy");
const START = join(import.meta.dir, "../../examples/cluster/start.sh");
const NODES = 6;
const VISITORS = 24;
/** Visitors come and go, as clients of a pool do. */
const REQUESTS_EACH = 200;
/** The first of three primaries has the slots below this one. */
const SLOTS_OF_FIRST = Math.floor(16_384 / 3);

/** Counts up keys of its own over one connection after the other, and notes what it sees. */
class Visitor {
  answered = 0;
  connections = 0;
  readonly refused: string[] = [];
  /** Connections that were lost, and how long it then took to be served again, in milliseconds. */
  readonly gapsMs: number[] = [];
  /** Error replies, and when they came. */
  readonly errors: { readonly key: string; readonly text: string }[] = [];
  /** Counts that were older than what this visitor had been told before. */
  readonly older: {
    readonly key: string;
    readonly told: number;
    readonly toldAtMs: number;
    readonly read: number;
  }[] = [];
  /** The highest count it was told, of each key, and when. */
  readonly told = new Map<string, { count: number; atMs: number }>();
  readonly keys: readonly string[];
  readonly #port: number;
  #lostAtMs: number | undefined;
  #isDone = false;
  readonly #done: Promise<void>;

  constructor(port: number, number: number) {
    this.#port = port;
    this.keys = Array.from({ length: 12 }, (_, index) => `visitor:${number}:${index}`);
    this.#done = this.#visit();
  }

  /** Whether its connection was lost, and it has not been answered since. */
  get isLost(): boolean {
    return this.#lostAtMs !== undefined;
  }

  end(): Promise<void> {
    this.#isDone = true;
    return this.#done;
  }

  async #visit(): Promise<void> {
    while (!this.#isDone) {
      const client = await RespClient.connect({ port: this.#port }).catch((error: Error) => {
        this.refused.push(error.message);
      });
      if (client === undefined) continue;
      this.connections++;
      try {
        for (let asked = 0; asked < REQUESTS_EACH && !this.#isDone; asked++) {
          const key = this.keys[asked % this.keys.length]!;
          this.#see(key, await client.ask("INCR", key));
          this.#see(key, await client.ask("GET", key));
          this.#see(key, await client.ask("GET", key));
        }
      } catch {
        this.#lostAtMs ??= performance.now();
      }
      client.close();
    }
  }

  #see(key: string, reply: unknown): void {
    if (reply instanceof Error) {
      this.errors.push({ key, text: reply.message });
      return;
    }
    const nowMs = performance.now();
    if (this.#lostAtMs !== undefined) this.gapsMs.push(nowMs - this.#lostAtMs);
    this.#lostAtMs = undefined;
    this.answered++;
    const count = Number(reply);
    const told = this.told.get(key);
    if (told !== undefined && count < told.count) {
      this.older.push({ key, told: told.count, toldAtMs: told.atMs, read: count });
    }
    this.told.set(key, { count, atMs: nowMs });
  }
}

function pidsOf(program: Program, name: string): number[] {
  const lines = program.output.matchAll(new RegExp(`^${name} on port \\d+: process (\\d+)$`, "gm"));
  return [...lines].map(([, pid]) => Number(pid));
}

test.skipIf(!server.available || !haproxy.available)(
  server.title(
    haproxy.title("three proxies behind HAProxy before a cluster: one proxy and one primary are killed"),
  ),
  async () => {
    const [port, ...others] = await Promise.all(Array.from({ length: 7 }, () => freePort()));
    const nodes = await Promise.all(Array.from({ length: NODES }, () => freeNodePort()));
    const names = ["PROXY_1", "PROXY_2", "PROXY_3", "ADMIN_1", "ADMIN_2", "ADMIN_3"];
    const { program } = await Program.start(
      [START],
      (line) => (line.startsWith("ready: ") ? true : undefined),
      {
        readyWithinMs: 60_000,
        env: {
          ...Object.fromEntries(names.map((name, index) => [name, String(others[index])])),
          PORT: String(port),
          NODES: nodes.join(" "),
          REDIS_SERVER: server.path,
          HAPROXY: haproxy.path,
        },
      },
    );
    try {
      const proxies = others.slice(0, 3);
      const clientsOf = async (proxy: number): Promise<number> => {
        using client = await RespClient.connect({ port: proxy });
        const info = String(await client.must("INFO", "proxy"));
        return Number(/proxy_clients:(\d+)/.exec(info)![1]) - 1;
      };
      const visitors = Array.from({ length: VISITORS }, (_, number) => new Visitor(port!, number));
      const answered = (): number => visitors.reduce((sum, one) => sum + one.answered, 0);
      const more = (count: number): Promise<void> => {
        const goal = answered() + count;
        return until(() => answered() >= goal, `${count} more answers`);
      };
      const all = <T>(of: (visitor: Visitor) => readonly T[]): T[] => visitors.flatMap(of);
      await until(async () => (await Promise.all(proxies.map(clientsOf))).every((count) => count >= 4));
      await more(5000);
      expect(all(({ errors, older, refused }) => [...errors, ...older, ...refused])).toEqual([]);

      // A proxy whose checks were slow has had no new clients for a while.
      await until(async () => (await clientsOf(proxies[0]!)) >= 4, "the proxy to kill has visitors");
      process.kill(pidsOf(program, "proxy")[0]!, "SIGKILL");
      await until(async () =>
        (await Promise.all(proxies.slice(1).map(clientsOf))).every((count) => count >= 8),
      );
      await more(5000);
      await until(
        () => !visitors.some(({ isLost }) => isLost),
        "those who have lost their connections are served again",
      );
      const gapsMs = all((visitor) => visitor.gapsMs);
      console.info(
        `a proxy killed: ${gapsMs.length} of ${VISITORS} connections lost, served again after ${Math.max(...gapsMs).toFixed(0)} ms at most`,
      );
      expect(all(({ errors, older, refused }) => [...errors, ...older, ...refused])).toEqual([]);
      expect(gapsMs.length).toBeGreaterThan(0);

      const ofFirst = all(({ keys }) => keys).filter((key) => slotOf(key) <= SLOTS_OF_FIRST);
      expect(ofFirst.length).toBeGreaterThan(10);
      const killedAtMs = performance.now();
      process.kill(pidsOf(program, "node")[0]!, "SIGKILL");
      let failedOverMs = 0;
      await until(() => {
        const last = visitors.map(({ told, keys }) =>
          keys
            .filter((key) => slotOf(key) <= SLOTS_OF_FIRST)
            .every((key) => told.get(key)!.atMs > killedAtMs + 500),
        );
        failedOverMs = performance.now() - killedAtMs;
        return last.every(Boolean) && all(({ errors }) => errors).length > 0;
      }, "a replica has taken the place");
      const answeredMeanwhile = answered();
      await more(5000);
      await Promise.all(visitors.map((visitor) => visitor.end()));
      const errors = all((visitor) => visitor.errors);
      const older = all((visitor) => visitor.older);
      const codes = Map.groupBy(errors, ({ text }) => text.split(" ", 1)[0]!);
      console.info(
        `a primary killed: served again after ${failedOverMs.toFixed(0)} ms, ${answeredMeanwhile} answers by then, ${errors.length} errors (${[...codes].map(([code, of]) => `${of.length} ${code}`).join(", ")}), ${older.length} acknowledged writes forgotten by the replica, ${all(({ gapsMs: each }) => each).length - gapsMs.length} connections lost, ${all(({ refused }) => refused).length} refused`,
      );
      // Keys of other primaries never fail, and never go back.
      expect(errors.filter(({ key }) => slotOf(key) > SLOTS_OF_FIRST)).toEqual([]);
      expect(all(({ refused }) => refused)).toEqual([]);
      // A failover forgets what had not reached the replica; later reads never go back. What was answered before may
      // have come a little later.
      expect(
        older.filter(({ key, toldAtMs }) => slotOf(key) > SLOTS_OF_FIRST || toldAtMs > killedAtMs + 500),
      ).toEqual([]);
      // All proxies agree with the cluster.
      const clients = await Promise.all(proxies.slice(1).map((proxy) => RespClient.connect({ port: proxy })));
      for (const { keys, told } of visitors) {
        for (const key of keys) {
          for (const client of clients)
            expect(Number(await client.must("GET", key))).toBe(told.get(key)!.count);
        }
      }
      for (const client of clients) client.close();
    } finally {
      await program.end();
    }
  },
);
