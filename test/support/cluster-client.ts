import { ReplyError, type ReplyValue } from "../../src/protocol/reply-value.ts";
import { slotOf } from "./fake-cluster.ts";
import type { RealNode, RedisCluster } from "./redis-cluster.ts";
import type { RespClient } from "./resp-client.ts";

/** How long a node may take before the client gives its connection up. */
const ANSWER_WITHIN_MS = 800;
const MOST_REDIRECTIONS = 5;

/** Nobody knows whether the request was executed. */
export class NoAnswer extends Error {
  override name = "NoAnswer";
}

/** A client of a real cluster that goes straight to its nodes, past proxies and relays. It has one request at a time. */
export class ClusterClient implements Disposable {
  readonly #cluster: RedisCluster;
  readonly #connections = new Map<RealNode, RespClient>();
  /** What is known of the slots' owners. */
  readonly #owners = new Map<number, RealNode>();

  constructor(cluster: RedisCluster) {
    this.#cluster = cluster;
  }

  /**
   * Sends a command to the owner of a key, and follows redirections.
   * @returns the reply; an error reply was not executed
   * @throws NoAnswer
   */
  async ask(key: string, ...command: string[]): Promise<ReplyValue> {
    const slot = slotOf(key);
    let reply: ReplyValue = new ReplyError("CLUSTERDOWN no node was asked");
    let node = await this.#ownerOf(slot);
    let isAsking = false;
    for (let sent = 0; sent < MOST_REDIRECTIONS; sent++) {
      reply = await this.#askNode(node, isAsking, command);
      const [, kind, port] =
        /^(MOVED|ASK) \d+ .*:(\d+)$/.exec(reply instanceof ReplyError ? reply.message : "") ?? [];
      const next = this.#cluster.nodes.find(({ announcedPort }) => announcedPort === Number(port));
      if (next === undefined) break;
      node = next;
      isAsking = kind === "ASK";
      if (!isAsking) this.#owners.set(slot, node);
    }
    // A node that refuses may not be the owner any more.
    if (reply instanceof ReplyError) this.#owners.delete(slot);
    return reply;
  }

  [Symbol.dispose](): void {
    for (const connection of this.#connections.values()) connection.close();
    this.#connections.clear();
  }

  async #ownerOf(slot: number): Promise<RealNode> {
    const known = this.#owners.get(slot);
    if (known !== undefined) return known;
    const owner = await this.#cluster.nodeOfSlot(slot).catch(() => this.#cluster.running[0]!);
    this.#owners.set(slot, owner);
    return owner;
  }

  async #askNode(node: RealNode, isAsking: boolean, command: readonly string[]): Promise<ReplyValue> {
    try {
      let connection = this.#connections.get(node);
      if (connection === undefined || connection.isClosed) {
        connection = await node.connect();
        this.#connections.set(node, connection);
      }
      // A stopped node accepts connections, too.
      const timer = setTimeout(() => connection.close(), ANSWER_WITHIN_MS);
      try {
        const asking = isAsking ? connection.ask("ASKING") : undefined;
        const reply = connection.ask(...command);
        await asking;
        return await reply;
      } finally {
        clearTimeout(timer);
      }
    } catch (error) {
      this.#owners.clear();
      throw new NoAnswer(`node ${node.port} did not answer: ${String(error)}`);
    }
  }
}
