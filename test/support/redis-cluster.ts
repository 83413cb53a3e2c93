import { createServer } from "node:net";
import type { ReplyValue } from "../../src/protocol/reply-value.ts";
import type { IssuedIdentity } from "./certificates.ts";
import { slotOf } from "./fake-cluster.ts";
import { onPort, RunningServer } from "./origins.ts";
import { Program } from "./program.ts";
import { Relay } from "./relay.ts";
import { requireProgram } from "./requirements.ts";
import { RespClient, type RespClientOptions } from "./resp-client.ts";
import { until } from "./until.ts";

const HASH_SLOTS = 16_384;
/** The nodes talk to each other on the port of the clients plus this. */
const BUS_OFFSET = 10_000;
/**
 * Ports of nodes and their buses lie below those that Linux gives to clients. So a node that is started again finds its
 * port free.
 */
const FIRST_PORT = 12_000;
const LAST_PORT = 21_999;
/** A replica gives a failover by hand up after 5 seconds. */
const FAILOVER_TIMEOUT_MS = 5500;
const MIGRATE_TIMEOUT_MS = "5000";
const KEYS_PER_MIGRATION = "100";

export interface RedisClusterOptions {
  /** Nodes that own slots; 3 by default. */
  readonly primaries?: number;
  /** Replicas of each of them; none by default. */
  readonly replicas?: number;
  /** Primaries without slots; none by default. */
  readonly spares?: number;
  /** After so long without a sign of life a node is taken for dead; 1,000 by default. */
  readonly nodeTimeoutMs?: number;
  /** The address that all nodes listen on; 127.0.0.1 by default. */
  readonly host?: string;
  /** TLS for clients, between nodes and in MIGRATE. No node listens without it. */
  readonly tls?: {
    readonly identity: IssuedIdentity;
    /** The authority's certificate: its path, and its text. */
    readonly authorities: { readonly path: string; readonly certificate: string };
  };
  /** The one user that nodes and clients log in as; without a name it is the default user. */
  readonly user?: { readonly name?: string; readonly password: string };
  /** The host name that nodes tell of themselves. */
  readonly announcedName?: string;
  /** What CLUSTER SLOTS and redirections name nodes by; `ip` by default. */
  readonly endpointType?: "ip" | "hostname" | "unknown-endpoint";
  /**
   * Each node has a relay in front of it, and announces the relay's port: to clients, to replicas and to
   * `redis-cli --cluster`. Only this fixture knows a way around it. The seed is for what the relays do.
   */
  readonly relaySeed?: number;
  /** Further arguments of each server. */
  readonly args?: readonly string[];
}

/** The program that clusters are made of. `GLASSCACHE_REDIS_SERVER` names another one, such as a valkey-server. */
export function requireClusterServer(): ReturnType<typeof requireProgram> {
  return requireProgram(process.env["GLASSCACHE_REDIS_SERVER"] ?? "redis-server");
}

/** One server of a cluster. */
export class RealNode {
  readonly server: RunningServer;
  /** 40 hexadecimal digits. */
  readonly id: string;
  /** What connections to the announced port pass through; undefined without `relaySeed`. */
  readonly relay: Relay | undefined;
  readonly #options: RedisClusterOptions;
  #client: RespClient | undefined;

  private constructor(
    server: RunningServer,
    id: string,
    client: RespClient,
    relay: Relay | undefined,
    options: RedisClusterOptions,
  ) {
    this.server = server;
    this.id = id;
    this.relay = relay;
    this.#client = client;
    this.#options = options;
  }

  static async start(options: RedisClusterOptions): Promise<RealNode> {
    const { path } = requireClusterServer();
    const { relaySeed } = options;
    let relay: Relay | undefined;
    const server = await RunningServer.start((port, directory) =>
      onPort(
        port,
        async (chosen) => {
          if (relaySeed !== undefined && port === 0) {
            relay?.[Symbol.dispose]();
            relay = await Relay.start(chosen, relaySeed);
          }
          return Program.start(
            [path, ...argumentsOf(options, chosen, directory, relay), ...(options.args ?? [])],
            (line) => (line.includes("Ready to accept connections") ? chosen : undefined),
          );
        },
        freeNodePort,
      ),
    );
    try {
      const client = await connect(options, server.port);
      return new RealNode(server, (await client.must("CLUSTER", "MYID")) as string, client, relay, options);
    } catch (error) {
      relay?.[Symbol.dispose]();
      await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  get port(): number {
    return this.server.port;
  }

  /** The port that the cluster names it by. */
  get announcedPort(): number {
    return this.relay?.port ?? this.port;
  }

  /** Sends one command, over a connection that is kept. An error reply is the promise's value. @throws ConnectionLost */
  async ask(...command: string[]): Promise<ReplyValue> {
    if (this.#client === undefined || this.#client.isClosed) {
      this.#client = await connect(this.#options, this.port);
    }
    return this.#client.ask(...command);
  }

  /** As `ask`, but an error reply is thrown. @throws ReplyError, ConnectionLost */
  async must(...command: string[]): Promise<ReplyValue> {
    const reply = await this.ask(...command);
    if (reply instanceof Error) throw reply;
    return reply;
  }

  /** Opens a connection of its own, logged in. The caller closes it. */
  connect(options: Omit<RespClientOptions, "port"> = {}): Promise<RespClient> {
    return connect(this.#options, this.port, options);
  }

  /** Waits until a field of CLUSTER INFO, INFO or CLUSTER NODES, as one text, matches. */
  async says(pattern: RegExp): Promise<void> {
    await until(async () => pattern.test(await this.#report()), `node ${this.port} says ${pattern}`);
  }

  async isPrimary(): Promise<boolean> {
    return ((await this.must("ROLE")) as ReplyValue[])[0] === "master";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client?.close();
    this.relay?.[Symbol.dispose]();
    await this.server[Symbol.asyncDispose]();
  }

  async #report(): Promise<string> {
    const parts = await Promise.all([
      this.must("CLUSTER", "INFO"),
      this.must("INFO", "replication"),
      this.must("CLUSTER", "NODES"),
    ]);
    return parts.join("\n");
  }
}

/**
 * A real Redis Cluster on this machine: primaries that share the slots evenly, and their replicas. Its processes and
 * folders vanish when it is disposed of.
 */
export class RedisCluster {
  /** The primaries, their replicas (of the first, the second, the first again), and the spares, as it began. */
  readonly nodes: readonly RealNode[];
  readonly options: RedisClusterOptions;
  readonly #gone = new Set<RealNode>();
  readonly #paused = new Set<RealNode>();

  private constructor(nodes: readonly RealNode[], options: RedisClusterOptions) {
    this.nodes = nodes;
    this.options = options;
  }

  /** Starts a cluster, and waits until all nodes agree and every replica follows its primary. */
  static async start(options: RedisClusterOptions = {}): Promise<RedisCluster> {
    const { primaries = 3, replicas = 0, spares = 0 } = options;
    const count = primaries * (1 + replicas) + spares;
    const starting = Array.from({ length: count }, () => RealNode.start(options));
    const settled = await Promise.allSettled(starting);
    const nodes = settled.flatMap((one) => (one.status === "fulfilled" ? [one.value] : []));
    const cluster = new RedisCluster(nodes, options);
    try {
      for (const one of settled) if (one.status === "rejected") throw one.reason;
      await cluster.#form(primaries, primaries * replicas);
      return cluster;
    } catch (error) {
      await cluster[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The nodes that run. */
  get running(): RealNode[] {
    return this.nodes.filter((node) => !this.#gone.has(node) && !this.#paused.has(node));
  }

  /** The address of the cluster as the proxy is given it. @param seeds the nodes that it names; all by default */
  address(seeds: readonly RealNode[] = this.nodes): string {
    const { tls, user, host = "127.0.0.1" } = this.options;
    const login = user === undefined ? "" : `${user.name ?? ""}:${user.password}@`;
    const shown = host.includes(":") ? `[${host}]` : host;
    const hosts = seeds.map(({ announcedPort }) => `${shown}:${announcedPort}`).join(",");
    return `redis${tls === undefined ? "" : "s"}+cluster://${login}${hosts}`;
  }

  /** The replicas that a node has at the moment. */
  async replicasOf(primary: RealNode): Promise<RealNode[]> {
    const text = (await this.#any().must("CLUSTER", "NODES")) as string;
    const ids = text
      .split("\n")
      .map((line) => line.split(" "))
      .filter(([, , flags = "", of]) => flags.includes("slave") && of === primary.id)
      .map(([id]) => id);
    return this.nodes.filter(({ id }) => ids.includes(id));
  }

  /** The owner of a slot, as a node sees it. @param asked any running node by default */
  async nodeOfSlot(slot: number, asked: RealNode = this.#any()): Promise<RealNode> {
    return (await this.ownersOf([slot], asked))[0]!;
  }

  /** The owners of slots, as a node sees them. @param asked any running node by default */
  async ownersOf(slots: readonly number[], asked: RealNode = this.#any()): Promise<RealNode[]> {
    const owners = await ownersOf(asked);
    return slots.map((slot) => {
      const node = this.nodes.find(({ id }) => id === owners[slot]);
      if (node === undefined) throw new Error(`nobody owns slot ${slot}, says ${asked.port}`);
      return node;
    });
  }

  /** The owner of a key, as a node sees it. */
  nodeOf(key: string, asked?: RealNode): Promise<RealNode> {
    return this.nodeOfSlot(slotOf(key), asked);
  }

  /** The primaries that own slots. */
  async owners(): Promise<RealNode[]> {
    const owners = new Set(await ownersOf(this.#any()));
    return this.nodes.filter(({ id }) => owners.has(id));
  }

  /** Waits until the running nodes are well, and agree on the owner of every slot and on everybody's role. */
  async agreed(): Promise<void> {
    let views: (string | undefined)[] = [];
    const agree = async (): Promise<boolean> => {
      views = await Promise.all(this.running.map((node) => viewOf(node)));
      return views.every((view) => view !== undefined && view === views[0]);
    };
    await until(
      agree,
      () => `all running nodes agree; they say\n${views.map((view) => view ?? "not well").join("\n\n")}`,
    );
  }

  // ---- slots that move

  /** Prepares to move a slot. Nothing has been done yet: its steps are methods, to be called in their order. */
  async slotMove(slot: number, to: RealNode): Promise<SlotMove> {
    return new SlotMove(this, slot, await this.nodeOfSlot(slot), to);
  }

  /** Moves a slot with its keys, as `redis-cli --cluster reshard` does. */
  async moveSlot(slot: number, to: RealNode): Promise<void> {
    const move = await this.slotMove(slot, to);
    await move.importing();
    await move.migrating();
    await move.moveKeys();
    await move.settle();
  }

  /** Moves slots, one after the other. */
  async moveSlots(slots: readonly number[], to: RealNode): Promise<void> {
    for (const slot of slots) await this.moveSlot(slot, to);
  }

  /** Gives a slot to another node, which tells the others. Its keys are lost. */
  async takeSlot(slot: number, to: RealNode): Promise<void> {
    await to.must("CLUSTER", "SETSLOT", String(slot), "NODE", to.id);
    await to.must("CLUSTER", "BUMPEPOCH");
  }

  // ---- nodes that fail

  /** Has a replica take its primary's place, and waits until it has. @param mode none: the primary hands over */
  async failOver(replica: RealNode, mode?: "FORCE" | "TAKEOVER"): Promise<void> {
    // The other primaries vote for a replica of a primary only once in twice the node timeout.
    for (let isPromoted = false; !isPromoted; ) {
      await replica.must("CLUSTER", "FAILOVER", ...(mode === undefined ? [] : [mode]));
      const givesUpAtMs = performance.now() + FAILOVER_TIMEOUT_MS;
      await until(async () => {
        isPromoted = await replica.isPrimary();
        return isPromoted || performance.now() > givesUpAtMs;
      });
    }
  }

  /** SIGKILL. */
  async kill(node: RealNode): Promise<void> {
    this.#gone.add(node);
    this.#paused.delete(node);
    await node.server.kill();
  }

  /** Starts a node again that was killed, with what it knew of its cluster and without its keys. */
  async restart(node: RealNode): Promise<void> {
    await node.server.restart();
    this.#gone.delete(node);
  }

  /** SIGSTOP: its connections stay open, and nothing answers. */
  pause(node: RealNode): void {
    node.server.program.signal("SIGSTOP");
    this.#paused.add(node);
  }

  /** SIGCONT. */
  resume(node: RealNode): void {
    node.server.program.signal("SIGCONT");
    this.#paused.delete(node);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.nodes.map((node) => node[Symbol.asyncDispose]()));
  }

  // ----

  #any(): RealNode {
    const [node] = this.running;
    if (node === undefined) throw new Error("no node runs");
    return node;
  }

  async #form(primaries: number, replicaCount: number): Promise<void> {
    const { host = "127.0.0.1" } = this.options;
    for (const [index, node] of this.nodes.entries()) {
      await node.must("CLUSTER", "SET-CONFIG-EPOCH", String(index + 1));
      if (index >= primaries) continue;
      const first = Math.ceil((index * HASH_SLOTS) / primaries);
      const last = Math.ceil(((index + 1) * HASH_SLOTS) / primaries) - 1;
      await node.must("CLUSTER", "ADDSLOTSRANGE", String(first), String(last));
    }
    // Gossip alone takes seconds to spread the news.
    for (const [index, node] of this.nodes.entries()) {
      for (const other of this.nodes.slice(index + 1)) {
        await node.must("CLUSTER", "MEET", host, String(other.port));
      }
    }
    for (const node of this.nodes) {
      await until(async () => {
        const text = (await node.must("CLUSTER", "NODES")) as string;
        return this.nodes.every(({ id }) => text.includes(id)) && !text.includes("handshake");
      }, `node ${node.port} knows the others`);
    }
    const replicas = this.nodes.slice(primaries, primaries + replicaCount);
    for (const [index, replica] of replicas.entries()) {
      await replica.must("CLUSTER", "REPLICATE", this.nodes[index % primaries]!.id);
    }
    for (const replica of replicas) await replica.says(/^master_link_status:up/m);
    await this.agreed();
  }
}

/** A slot on its way from one node to another, step by step. */
export class SlotMove {
  readonly slot: number;
  readonly from: RealNode;
  readonly to: RealNode;
  readonly #cluster: RedisCluster;

  constructor(cluster: RedisCluster, slot: number, from: RealNode, to: RealNode) {
    this.#cluster = cluster;
    this.slot = slot;
    this.from = from;
    this.to = to;
  }

  /** The target takes requests behind ASKING. */
  async importing(): Promise<void> {
    await this.to.must("CLUSTER", "SETSLOT", String(this.slot), "IMPORTING", this.from.id);
  }

  /** The source answers ASK about keys that it does not have. */
  async migrating(): Promise<void> {
    await this.from.must("CLUSTER", "SETSLOT", String(this.slot), "MIGRATING", this.to.id);
  }

  /** Moves all keys that the slot has. */
  async moveKeys(): Promise<void> {
    for (;;) {
      const { from, slot } = this;
      const keys = await from.must("CLUSTER", "GETKEYSINSLOT", String(slot), KEYS_PER_MIGRATION);
      if ((keys as string[]).length === 0) return;
      await this.migrate(...(keys as string[]));
    }
  }

  /**
   * Moves some keys. A replica keeps those of a slot that was taken from its primary, and has them still when it is
   * promoted. They are replaced.
   */
  async migrate(...keys: string[]): Promise<void> {
    const { host = "127.0.0.1", user } = this.#cluster.options;
    const login = user === undefined ? [] : ["AUTH2", user.name ?? "default", user.password];
    const command = ["MIGRATE", host, String(this.to.port), "", "0", MIGRATE_TIMEOUT_MS];
    await this.from.must(...command, "REPLACE", ...login, "KEYS", ...keys);
  }

  /** Ends the move at the target, at the source and at the other owners, in this order. */
  async settle(): Promise<void> {
    const owners = await this.#cluster.owners();
    const others = owners.filter((node) => node !== this.from && node !== this.to);
    for (const node of [this.to, this.from, ...others]) await this.settleAt(node);
  }

  /** Tells one node that the slot has arrived. */
  async settleAt(node: RealNode): Promise<void> {
    await node.must("CLUSTER", "SETSLOT", String(this.slot), "NODE", this.to.id);
  }
}

/** What a node says about its cluster, without what differs from node to node; undefined: it is not well. */
async function viewOf(node: RealNode): Promise<string | undefined> {
  const [info, nodes] = (await Promise.all([
    node.must("CLUSTER", "INFO"),
    node.must("CLUSTER", "NODES"),
  ])) as [string, string];
  if (!/^cluster_state:ok\r?$/m.test(info) || !/^cluster_slots_ok:16384\r?$/m.test(info)) return undefined;
  const lines = nodes
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [id, , flags = "", primary, , , epoch, , ...slots] = line.split(" ");
      // A replica tells its primary's epoch, as last heard.
      const isReplica = flags.includes("slave");
      return [id, flags.replace("myself,", ""), primary, isReplica ? "" : epoch, ...slots].join(" ");
    });
  return lines.toSorted().join("\n");
}

/** The id of each slot's owner, as a node sees it. */
async function ownersOf(asked: RealNode): Promise<(string | undefined)[]> {
  const owners = new Array<string | undefined>(HASH_SLOTS);
  for (const line of ((await asked.must("CLUSTER", "NODES")) as string).split("\n")) {
    const [id, , , , , , , , ...ranges] = line.split(" ");
    for (const range of ranges) {
      if (range.startsWith("[")) continue;
      const [first, last = first] = range.split("-").map(Number);
      owners.fill(id, first, last! + 1);
    }
  }
  return owners;
}

function argumentsOf(
  options: RedisClusterOptions,
  port: number,
  directory: string,
  relay: Relay | undefined,
): string[] {
  const { nodeTimeoutMs = 1000, host = "127.0.0.1", tls, user, announcedName, endpointType } = options;
  const args = ["--bind", host, "--dir", directory, "--save", "", "--appendonly", "no"];
  // Otherwise what a replica has received stays on disk, and a node that is started again has the keys of that time.
  args.push("--rdb-del-sync-files", "yes");
  args.push("--cluster-enabled", "yes", "--cluster-config-file", "nodes.conf");
  args.push("--cluster-node-timeout", String(nodeTimeoutMs), "--repl-diskless-sync-delay", "0");
  if (tls === undefined) args.push("--port", String(port));
  else {
    const { certificatePath, keyPath } = tls.identity;
    args.push("--port", "0", "--tls-port", String(port), "--tls-cluster", "yes", "--tls-replication", "yes");
    args.push("--tls-cert-file", certificatePath, "--tls-key-file", keyPath);
    args.push("--tls-ca-cert-file", tls.authorities.path, "--tls-auth-clients", "no");
  }
  if (user !== undefined) {
    if (user.name === undefined) args.push("--requirepass", user.password);
    else {
      args.push("--user", user.name, "on", `>${user.password}`, "~*", "&*", "+@all");
      args.push("--user", "default", "off", "--masteruser", user.name);
    }
    args.push("--masterauth", user.password);
  }
  if (relay !== undefined) {
    args.push("--cluster-announce-port", String(relay.port));
    args.push("--cluster-announce-bus-port", String(port + BUS_OFFSET));
  }
  if (announcedName !== undefined) args.push("--cluster-announce-hostname", announcedName);
  if (endpointType !== undefined) args.push("--cluster-preferred-endpoint-type", endpointType);
  return args;
}

async function connect(
  { host = "127.0.0.1", tls, user }: RedisClusterOptions,
  port: number,
  { version, ...rest }: Omit<RespClientOptions, "port"> = {},
): Promise<RespClient> {
  const authorities = tls === undefined ? {} : { authorities: tls.authorities.certificate };
  const client = await RespClient.connect({ host, port, ...authorities, ...rest });
  const login = user === undefined ? [] : ["AUTH", user.name ?? "default", user.password];
  if (version !== undefined) await client.must("HELLO", String(version), ...login);
  else if (user !== undefined) await client.must(...login);
  return client;
}

/** A port that nobody listens on at this moment, and neither on that of its bus. */
export async function freeNodePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * (LAST_PORT + 1 - FIRST_PORT));
    if ((await isFree(port)) && (await isFree(port + BUS_OFFSET))) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, () => server.close(() => resolve(true)));
  });
}
