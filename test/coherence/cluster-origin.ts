import type { SeededRandom } from "../../src/lib/random.ts";
import { ClusterClient, NoAnswer } from "../support/cluster-client.ts";
import { slotOf } from "../support/fake-cluster.ts";
import { type RealNode, RedisCluster, type SlotMove } from "../support/redis-cluster.ts";
import { until } from "../support/until.ts";
import type { Damage, FailingOrigin, ListFault, QuietPlace, Tag } from "./failing-origin.ts";
import { APPEND_AND_GET, type Around } from "./list-clients.ts";
import { LOST } from "./operations.ts";
import { RELAY_FAULTS } from "./relay-faults.ts";

const HASH_SLOTS = 16_384;
const SHARDS = 3;
const NODE_TIMEOUT_MS = 1000;
/** Of each shard: keys in slots of their own, and some at its beginning, where resharding takes slots away first. */
const TAGS = 2;
const TAGS_AT_BEGINNING = 2;
const BEGINNING_SLOTS = 40;
const QUIET_KEYS = 16;
const STEP_LEAST_MS = 20;
const STEP_MOST_MS = 200;

/** A real cluster of three shards, each a primary and its replica, behind a relay for each node. */
export class ClusterOrigin implements FailingOrigin, AsyncDisposable {
  readonly parts: number = SHARDS;
  readonly tags: readonly Tag[];
  readonly quiet: readonly QuietPlace[];
  readonly cluster: RedisCluster;
  readonly #clients: ClusterClient[] = [];
  readonly #patienceMs: number;

  private constructor(cluster: RedisCluster, patienceMs: number) {
    this.cluster = cluster;
    this.#patienceMs = patienceMs;
    const shards = Array.from({ length: SHARDS }, (_, part) => part);
    this.tags = shards.flatMap((part) => [
      ...tagsIn(part, TAGS, HASH_SLOTS),
      ...tagsIn(part, TAGS_AT_BEGINNING, BEGINNING_SLOTS),
    ]);
    const ofTags = this.tags.map((tag) => ({ ...tag, key: `quiet:{${tag.text}}` }));
    const others = shards.flatMap((part) => tagsIn(part, QUIET_KEYS, HASH_SLOTS, "q"));
    this.quiet = [...ofTags, ...others.map((tag) => ({ ...tag, key: `quiet:{${tag.text}}` }))];
  }

  /** @param patienceMs about how long a node must be silent for a proxy to take it for dead */
  static async start(relaySeed: number, patienceMs: number): Promise<ClusterOrigin> {
    const cluster = await RedisCluster.start({
      ...{ primaries: SHARDS, replicas: 1, nodeTimeoutMs: NODE_TIMEOUT_MS, relaySeed },
      args: ["--cluster-require-full-coverage", "no", "--cluster-replica-validity-factor", "0"],
    });
    return new ClusterOrigin(cluster, patienceMs);
  }

  get address(): string {
    return this.cluster.address();
  }

  openAround(): Around {
    const client = new ClusterClient(this.cluster);
    this.#clients.push(client);
    return {
      async append(key, text) {
        try {
          return await client.ask(key, "EVAL", APPEND_AND_GET, "1", key, text);
        } catch (error) {
          if (error instanceof NoAnswer) return LOST;
          throw error;
        }
      },
    };
  }

  async settled(): Promise<void> {
    await this.cluster.agreed();
    await until(
      async () => (await this.#shards()).every((shard) => shard !== undefined),
      "each shard is whole",
    );
    for (const shard of await this.#shards()) {
      await shard!.replica.says(/^master_link_status:up/m);
    }
    await this.cluster.agreed();
  }

  async primaries(): Promise<readonly RealNode[]> {
    return (await this.#shards()).map((shard) => shard!.primary);
  }

  async reigns(): Promise<readonly string[]> {
    return (await this.primaries()).map(({ id }) => id);
  }

  namesOf(part: number): readonly string[] {
    return this.#nodesOf(part).map(({ announcedPort }) => `127.0.0.1:${announcedPort}`);
  }

  async valuesOf(keys: readonly string[]): Promise<(string | null)[]> {
    return Promise.all(
      keys.map(async (key) => (await (await this.cluster.nodeOf(key)).must("GET", key)) as string | null),
    );
  }

  async restore(key: string, value: string): Promise<void> {
    await (await this.cluster.nodeOf(key)).must("SET", key, value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const client of this.#clients) client[Symbol.dispose]();
    await this.cluster[Symbol.asyncDispose]();
  }

  // ---- faults

  readonly faults: Readonly<Record<string, ListFault>> = {
    /** A slot moves to another shard and back, step by step. */
    move: async (random) => {
      const { tag, home, guest } = await this.#journey(random);
      for (const to of [guest, home])
        await this.#moveSlowly(await this.cluster.slotMove(tag.slot, to), random);
      return { parts: [tag.part], slots: [tag.slot], losses: [] };
    },

    /** redis-cli moves the first slots of a shard, and some back. */
    reshard: async (random) => {
      const { tag, home, guest } = await this.#journey(random);
      const first = firstSlotOf(tag.part);
      const slots = Array.from({ length: BEGINNING_SLOTS }, (_, index) => first + index);
      await this.#reshard(home, guest, BEGINNING_SLOTS);
      await this.cluster.agreed();
      // From the guest it would take slots that are the guest's own.
      const away = await this.#slotsAway(tag.part);
      if (away.some((slot) => !slots.includes(slot))) throw new Error(`redis-cli has moved slots ${away}`);
      await this.cluster.moveSlots(away, home);
      return { parts: [tag.part], slots, losses: [] };
    },

    /** A slot is given to another shard without its keys, and back. */
    take: async (random) => {
      const { tag, home, guest } = await this.#journey(random);
      const losses: Damage["losses"][number][] = [];
      for (const to of [guest, home]) {
        const startMs = performance.now();
        await this.cluster.takeSlot(tag.slot, to);
        await this.cluster.agreed();
        losses.push({ concerns: ({ slot }) => slot === tag.slot, startMs, endMs: performance.now() });
        await Bun.sleep(someStep(random));
      }
      return { parts: [tag.part], slots: [tag.slot], losses };
    },

    /** A primary dies, its replica takes over, and it comes back empty. */
    kill: (random) =>
      this.#lossy(random, async ({ primary, replica }) => {
        await this.cluster.kill(primary);
        await until(() => replica.isPrimary(), "the replica is a primary");
        await Bun.sleep(someStep(random));
        await this.cluster.restart(primary);
      }),

    /** A primary dies and comes back empty before anybody takes its place, or a little later. */
    restart: (random) =>
      this.#lossy(random, async ({ primary }) => {
        await this.cluster.kill(primary);
        await Bun.sleep(random.below(NODE_TIMEOUT_MS / 2));
        await this.cluster.restart(primary);
      }),

    /** A primary stands still, for less time than the cluster waits. */
    pause: (random) =>
      this.#lossless(random, async ({ primary }) => {
        this.cluster.pause(primary);
        await Bun.sleep(50 + random.below(NODE_TIMEOUT_MS * 0.6));
        this.cluster.resume(primary);
      }),

    /** A primary stands still until its replica has taken over, and goes on then. */
    replace: (random) =>
      this.#lossy(random, async ({ primary, replica }) => {
        this.cluster.pause(primary);
        await until(() => replica.isPrimary(), "the replica is a primary");
        await Bun.sleep(random.below(STEP_MOST_MS * 3));
        this.cluster.resume(primary);
      }),

    /** A primary hands over to its replica. */
    failover: (random) => this.#lossless(random, ({ replica }) => this.cluster.failOver(replica)),

    /** A replica takes over, with the votes of the other primaries and without asking its own. */
    force: (random) => this.#lossy(random, ({ replica }) => this.cluster.failOver(replica, "FORCE")),

    /** A replica takes over without asking anybody. */
    takeover: (random) => this.#lossy(random, ({ replica }) => this.cluster.failOver(replica, "TAKEOVER")),

    /** A replica dies and comes back. */
    replica: async (random) => {
      const { shard } = await this.#some(random);
      await this.cluster.kill(shard.replica);
      await Bun.sleep(random.below(NODE_TIMEOUT_MS * 2));
      await this.cluster.restart(shard.replica);
      return { parts: [], losses: [] };
    },

    /** A primary ends connections, those of proxies and others. */
    disconnect: (random) =>
      this.#lossless(random, async ({ primary }) => {
        await primary.ask("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      }),

    ...Object.fromEntries(
      Object.entries(RELAY_FAULTS).map(([name, fault]): [string, ListFault] => [
        name,
        (random) => this.#lossless(random, ({ primary }) => fault(primary.relay!, random, this.#patienceMs)),
      ]),
    ),
  };

  async #lossless(random: SeededRandom, fault: (shard: Shard) => Promise<void>): Promise<Damage> {
    const { part, shard } = await this.#some(random);
    await fault(shard);
    return { parts: [part], losses: [] };
  }

  async #lossy(random: SeededRandom, fault: (shard: Shard) => Promise<void>): Promise<Damage> {
    const { part, shard } = await this.#some(random);
    const startMs = performance.now();
    await fault(shard);
    return { parts: [part], losses: [{ concerns: (place) => place.part === part, startMs }] };
  }

  async #some(random: SeededRandom): Promise<{ part: number; shard: Shard }> {
    const part = random.below(SHARDS);
    return { part, shard: (await this.#shards())[part]! };
  }

  /** A slot of some shard, and where it goes. */
  async #journey(random: SeededRandom): Promise<{ tag: Tag; home: RealNode; guest: RealNode }> {
    const tag = random.pick(this.tags);
    const primaries = await this.primaries();
    const home = primaries[tag.part]!;
    return { tag, home, guest: random.pick(primaries.filter((node) => node !== home)) };
  }

  async #moveSlowly(move: SlotMove, random: SeededRandom): Promise<void> {
    const owners = await this.cluster.owners();
    const others = owners.filter((node) => node !== move.from && node !== move.to);
    for (const step of [
      () => move.importing(),
      () => move.migrating(),
      () => move.moveKeys(),
      () => move.settleAt(move.to),
      // What was written after the keys had moved is at the target.
      () => move.settleAt(move.from),
      ...others.map((node) => () => move.settleAt(node)),
    ]) {
      await step();
      await Bun.sleep(someStep(random));
    }
  }

  async #reshard(from: RealNode, to: RealNode, slots: number): Promise<void> {
    const child = Bun.spawn(
      [
        ...[
          "redis-cli",
          "--cluster",
          "reshard",
          `127.0.0.1:${from.announcedPort}`,
          "--cluster-from",
          from.id,
        ],
        ...["--cluster-to", to.id, "--cluster-slots", String(slots), "--cluster-yes", "--cluster-replace"],
      ],
      { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
    );
    const output = await new Response(child.stdout).text();
    if ((await child.exited) !== 0) throw new Error(`redis-cli: ${output.slice(-500)}`);
  }

  /** The slots of a shard that are not at its primary. */
  async #slotsAway(part: number): Promise<number[]> {
    const primary = (await this.primaries())[part]!;
    const first = firstSlotOf(part);
    const slots = Array.from({ length: firstSlotOf(part + 1) - first }, (_, index) => first + index);
    const owners = await this.cluster.ownersOf(slots);
    return slots.filter((_, index) => owners[index] !== primary);
  }

  #nodesOf(part: number): RealNode[] {
    return [this.cluster.nodes[part]!, this.cluster.nodes[part + SHARDS]!];
  }

  /** Undefined: a shard has not one primary and one replica. */
  async #shards(): Promise<(Shard | undefined)[]> {
    return Promise.all(
      Array.from({ length: SHARDS }, async (_, part) => {
        const nodes = this.#nodesOf(part);
        const arePrimaries = await Promise.all(nodes.map((node) => node.isPrimary()));
        const primary = nodes.find((_node, index) => arePrimaries[index]);
        const replica = nodes.find((_node, index) => !arePrimaries[index]);
        return primary === undefined || replica === undefined ? undefined : { primary, replica };
      }),
    );
  }
}

interface Shard {
  readonly primary: RealNode;
  readonly replica: RealNode;
}

function firstSlotOf(part: number): number {
  return Math.ceil((part * HASH_SLOTS) / SHARDS);
}

/** Finds hash tags of distinct slots among the first `slots` of a shard. */
function tagsIn(part: number, count: number, slots: number, prefix = "t"): Tag[] {
  const first = firstSlotOf(part);
  const last = Math.min(first + slots, firstSlotOf(part + 1)) - 1;
  const tags: Tag[] = [];
  for (let candidate = 0; tags.length < count; candidate++) {
    const text = `${prefix}${candidate}`;
    const slot = slotOf(text);
    if (slot < first || slot > last || tags.some((tag) => tag.slot === slot)) continue;
    tags.push({ part, text, slot });
  }
  return tags;
}

function someStep(random: SeededRandom): number {
  return STEP_LEAST_MS + random.below(STEP_MOST_MS);
}
