/** How long a proxy takes to serve a key again after something has happened to the primary that has it. */
import { slotOf } from "../test/support/fake-cluster.ts";
import { type RealNode, RedisCluster } from "../test/support/redis-cluster.ts";
import { RespClient } from "../test/support/resp-client.ts";
import { until } from "../test/support/until.ts";
import { glasscache, SERVER_CPU } from "./targets.ts";

/** After so long without a sign of life the nodes take a primary for dead. */
export const NODE_TIMEOUT_MS = 1000;
/** How often a client writes. */
const INTERVAL_MS = 5;
/** A key of the first of three primaries. */
const KEY = "b";

/** Milliseconds from the event, and from when another node owned the key's slot. */
export interface Served {
  readonly sinceEventMs: number;
  readonly sinceOwnerMs: number;
}

interface Scene {
  readonly cluster: RedisCluster;
  readonly primary: RealNode;
  readonly replica: RealNode;
}

/** What happens, and how it is known that another node owns the slot. */
export const EVENTS: Readonly<Record<string, (scene: Scene) => Promise<void>>> = {
  "the primary is killed": async ({ cluster, primary, replica }) => {
    await cluster.kill(primary);
    await until(() => replica.isPrimary());
  },
  "the primary is stopped (SIGSTOP)": async ({ cluster, primary, replica }) => {
    cluster.pause(primary);
    await until(() => replica.isPrimary());
  },
  "CLUSTER FAILOVER": ({ cluster, replica }) => cluster.failOver(replica),
  "the slot moves": async ({ cluster }) => cluster.moveSlot(slotOf(KEY), cluster.nodes[1]!),
};

/** Lets it happen once, to a cluster of its own, while a client writes the key. */
export async function servedAfter(event: keyof typeof EVENTS): Promise<Served> {
  await using cluster = await RedisCluster.start({ replicas: 1, nodeTimeoutMs: NODE_TIMEOUT_MS });
  const args = ["proxy", "--threads", "1", "--origin", cluster.address()];
  const proxy = await glasscache(SERVER_CPU, args);
  try {
    const primary = await cluster.nodeOf(KEY);
    const [replica] = await cluster.replicasOf(primary);
    await until(() => acknowledged(proxy.port), "the proxy serves the key");
    const beganMs = performance.now();
    let isOver = false;
    const happened = EVENTS[event]!({ cluster, primary, replica: replica! }).then(() => {
      isOver = true;
      return performance.now();
    });
    let servedMs: number | undefined;
    while (servedMs === undefined) {
      const wasOver = isOver;
      // A request to a stopped node waits, and must not hold up later ones: each has a connection of its own.
      void acknowledged(proxy.port).then((isServed) => {
        if (isServed && wasOver) servedMs ??= performance.now();
      });
      await Bun.sleep(INTERVAL_MS);
    }
    return { sinceEventMs: servedMs - beganMs, sinceOwnerMs: Math.max(0, servedMs - (await happened)) };
  } finally {
    await proxy.program.kill();
  }
}

/** Writes the key. */
async function acknowledged(port: number): Promise<boolean> {
  try {
    using client = await RespClient.connect({ port });
    return (await client.ask("SET", KEY, "1")) === "OK";
  } catch {
    return false;
  }
}
