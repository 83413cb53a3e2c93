import { fromLatin1 } from "../../src/lib/bytes.ts";
import { HASH_SLOTS, hashSlotOf } from "../../src/lib/hash-slot.ts";
import { bulk, type FakeOrigin, type OriginCommand, type OriginConnection } from "./fake-origin.ts";

/** Commands whose first argument is no key. */
const KEYLESS = new Set([
  "AUTH",
  "CLIENT",
  "CLUSTER",
  "CONFIG",
  "EXEC",
  "HELLO",
  "INFO",
  "MULTI",
  "PING",
  "ASKING",
]);

/** What one node believes about its cluster. */
export interface Belief {
  /** The node that owns each slot. */
  readonly owners: number[];
  readonly epochs: number[];
  state: "ok" | "fail";
}

/**
 * Makes `FakeOrigin`s answer as the primaries of a cluster. Each node has beliefs of its own, so that nodes can
 * disagree. By default all believe that the slots are shared out evenly, in the order of the nodes.
 */
export class FakeCluster {
  readonly nodes: readonly FakeOrigin[];
  readonly beliefs: readonly Belief[];
  /** Keys that their node no longer has, because their slot is on its way to this other node. */
  readonly asks = new Map<string, number>();
  /** Connections that said ASKING last. */
  /** Whether nodes refuse requests about keys that they do not own. */
  readonly #redirects: boolean;
  readonly #asking = new WeakSet<OriginConnection>();

  constructor(nodes: readonly FakeOrigin[], redirects = true) {
    this.nodes = nodes;
    this.#redirects = redirects;
    const owners = Array.from({ length: HASH_SLOTS }, (_, slot) =>
      Math.floor((slot * nodes.length) / HASH_SLOTS),
    );
    this.beliefs = nodes.map(() => ({
      owners: [...owners],
      epochs: nodes.map((_, index) => index + 1),
      state: "ok",
    }));
    for (const [index, node] of nodes.entries()) {
      node.cluster = (command, connection) => this.#answer(index, command, connection);
    }
  }

  /** All nodes, or those of these numbers, learn that a node owns a slot, since a greater epoch than all before. */
  give(slot: number, to: number, among: readonly number[] = this.nodes.map((_, index) => index)): void {
    const epoch = Math.max(...this.beliefs.flatMap(({ epochs }) => epochs)) + 1;
    for (const index of among) {
      this.beliefs[index]!.owners[slot] = to;
      this.beliefs[index]!.epochs[to] = epoch;
    }
  }

  static idOf(index: number): string {
    return String(index + 1).padStart(40, "0");
  }

  #answer(index: number, command: OriginCommand, connection: OriginConnection): string | undefined {
    const [name = "", first = ""] = command;
    if (name === "ASKING") {
      this.#asking.add(connection);
      return "+OK\r\n";
    }
    if (name === "CLUSTER") return this.#tell(index, first.toUpperCase(), connection);
    const isAsking = this.#asking.delete(connection);
    if (!this.#redirects || KEYLESS.has(name) || command.length < 2) return undefined;
    const slot = slotOf(first);
    const owner = this.beliefs[index]!.owners[slot]!;
    if (owner !== index && !isAsking) return `-MOVED ${slot} 127.0.0.1:${this.nodes[owner]!.port}\r\n`;
    const target = owner === index ? this.asks.get(first) : undefined;
    return target === undefined ? undefined : `-ASK ${slot} 127.0.0.1:${this.nodes[target]!.port}\r\n`;
  }

  #tell(index: number, subcommand: string, connection: OriginConnection): string {
    const { owners, epochs, state } = this.beliefs[index]!;
    // As real servers answer.
    const text = (content: string): string =>
      connection.version === 3 ? `=${content.length + 4}\r\ntxt:${content}\r\n` : bulk(content);
    const rangesOf = (node: number): [number, number][] => {
      const ranges: [number, number][] = [];
      for (let slot = 0; slot < HASH_SLOTS; slot++) {
        if (owners[slot] !== node) continue;
        const last = ranges.at(-1);
        if (last?.[1] === slot - 1) last[1] = slot;
        else ranges.push([slot, slot]);
      }
      return ranges;
    };
    if (subcommand === "INFO") {
      return text(
        `cluster_state:${state}\r\ncluster_current_epoch:${Math.max(...epochs)}\r\ncluster_my_epoch:${epochs[index]}\r\n`,
      );
    }
    if (subcommand === "NODES") {
      const lines = this.nodes.map(({ port }, node) => {
        const slots = rangesOf(node).map(([from, to]) => (from === to ? `${from}` : `${from}-${to}`));
        const flags = node === index ? "myself,master" : "master";
        return `${FakeCluster.idOf(node)} 127.0.0.1:${port}@${port + 1} ${flags} - 0 0 ${epochs[node]} connected ${slots.join(" ")}`.trim();
      });
      return text(`${lines.join("\n")}\n`);
    }
    const ranges = this.nodes.flatMap(({ port }, node) =>
      rangesOf(node).map(
        ([from, to]) =>
          `*3\r\n:${from}\r\n:${to}\r\n*4\r\n${bulk("127.0.0.1")}:${port}\r\n${bulk(FakeCluster.idOf(node))}${connection.version === 3 ? "%0\r\n" : "*0\r\n"}`,
      ),
    );
    return `*${ranges.length}\r\n${ranges.join("")}`;
  }
}

export function slotOf(key: string): number {
  const bytes = fromLatin1(key);
  return hashSlotOf(bytes, 0, bytes.length);
}
