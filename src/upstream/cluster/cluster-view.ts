import { HASH_SLOTS } from "../../lib/hash-slot.ts";
import type { ReplyValue } from "../../protocol/reply-value.ts";

/** Hash slots from first to last, both included. */
interface SlotRange {
  readonly first: number;
  readonly last: number;
}

/** One node of a cluster, as a node sees it. */
export interface SeenNode {
  /** 40 hexadecimal digits, which a node keeps for life. */
  readonly id: string;
  /** Where clients reach it. An empty host is that of the node that was asked. */
  readonly host: string;
  readonly port: number;
  readonly isMyself: boolean;
  readonly isPrimary: boolean;
  /** Whether the node that was asked takes it for dead. */
  readonly isFailed: boolean;
  /** The primary that this replica follows; empty for a primary. */
  readonly primaryId: string;
  /** Grows with every change of hands. Of two nodes that claim a slot, the cluster believes the greater one. */
  readonly configEpoch: number;
  /** The slots that it owns. */
  readonly slots: readonly SlotRange[];
}

/** A cluster as one of its nodes sees it. */
export interface ClusterView {
  readonly myself: SeenNode;
  /** All nodes, `myself` included. */
  readonly nodes: readonly SeenNode[];
}

/** Where clients should reach a node. */
interface Endpoint {
  /** Undefined: by the address that CLUSTER NODES tells. */
  readonly host: string | undefined;
  readonly port: number;
}

/**
 * Reads the answers to CLUSTER NODES and CLUSTER SLOTS. The first says who owns what, and since when. The second says
 * how clients should reach the owners, which may be a name (`cluster-preferred-endpoint-type`)
 * (https://redis.io/docs/latest/commands/cluster-nodes/, cluster-slots).
 * @throws RangeError saying what cannot be understood
 */
export function readClusterView(nodesText: string, slots: ReplyValue): ClusterView {
  const endpoints = readEndpoints(slots);
  const nodes = nodesText
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
    .map((line) => readNode(line, endpoints));
  const myself = nodes.find(({ isMyself }) => isMyself);
  if (myself === undefined) throw new RangeError("no line of CLUSTER NODES is about the node itself");
  return { myself, nodes };
}

function readNode(line: string, endpoints: ReadonlyMap<string, Endpoint>): SeenNode {
  const [id = "", address = "", flagsText = "", primaryId = "", , , epochText = "", , ...slots] =
    line.split(" ");
  const configEpoch = Number(epochText);
  // Such as 10.0.0.1:6379@16379,name: the port of the cluster bus and the host's name are of no interest here.
  const [, host, port] = /^(.*):(\d{1,5})(?:@\d+)?(?:,.*)?$/.exec(address) ?? [];
  if (!/^[0-9a-f]{40}$/.test(id) || host === undefined || !Number.isSafeInteger(configEpoch)) {
    throw new RangeError(`this line of CLUSTER NODES cannot be understood: ${line.slice(0, 200)}`);
  }
  const flags = flagsText.split(",");
  const seen = endpoints.get(id);
  return {
    id,
    host: seen?.host ?? host,
    port: seen?.port ?? Number(port),
    isMyself: flags.includes("myself"),
    isPrimary: flags.includes("master"),
    isFailed: flags.includes("fail") || flags.includes("noaddr") || flags.includes("handshake"),
    primaryId: primaryId === "-" ? "" : primaryId,
    configEpoch,
    slots: slots.filter((text) => !text.startsWith("[")).map(readRange),
  };
}

/** Reads `5` or `0-5460`. */
function readRange(text: string): SlotRange {
  const [, from, to] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(text) ?? [];
  const first = Number(from);
  const last = Number(to ?? from);
  if (!(first <= last && last < HASH_SLOTS)) throw new RangeError(`"${text}" is no range of hash slots`);
  return { first, last };
}

/** Returns the endpoints by the nodes' ids. An unknown one, and the empty name, stand for the host that was asked. */
function readEndpoints(reply: ReplyValue): Map<string, Endpoint> {
  const endpoints = new Map<string, Endpoint>();
  if (!Array.isArray(reply)) throw new RangeError("CLUSTER SLOTS did not answer with an array");
  for (const range of reply) {
    if (!Array.isArray(range))
      throw new RangeError("CLUSTER SLOTS answered with something that is not a range");
    for (const node of range.slice(2)) {
      if (!Array.isArray(node))
        throw new RangeError("CLUSTER SLOTS answered with something that is not a node");
      const [host, port, id] = node;
      // Servers before 4.0 tell no ids.
      if (typeof id !== "string") continue;
      if (typeof port !== "number") throw new RangeError("CLUSTER SLOTS told a node without a port");
      // A name that is preferred and not configured comes as `?`. The node need not be at the host that was asked.
      const name = host === "?" ? undefined : host;
      endpoints.set(id, { host: name === undefined || typeof name === "string" ? name : "", port });
    }
  }
  return endpoints;
}
