import { stalenessBoundMs } from "../coherence/heartbeat.ts";
import type { KeyBytes } from "../lib/key-bytes.ts";
import type { OriginAddress } from "./address.ts";
import type { ChannelOptions, LinkStatus } from "./channel.ts";
import type { ConnectionCounts } from "./connection-pool.ts";
import { openNode } from "./open-node.ts";
import type { Origin, OriginEvents } from "./origin.ts";
import type { OriginNode } from "./origin-node.ts";
import type { UpstreamError } from "./upstream-error.ts";

const STATUSES: readonly LinkStatus[] = ["down", "silent", "up"];

/** An origin of several nodes for tests. The last byte of a key picks its node. */
export class SplitOrigin implements Origin {
  readonly name = "split";
  readonly database = 0;
  readonly nodes: readonly OriginNode[];
  readonly owners = new Uint16Array(1);
  readonly redirects = false;
  readonly orderVersion = 0;
  readonly #options: Omit<ChannelOptions, "address">;

  constructor(
    addresses: readonly OriginAddress[],
    options: Omit<ChannelOptions, "address">,
    events: OriginEvents,
  ) {
    this.#options = options;
    this.nodes = addresses.map((address) => openNode({ ...options, address }, events));
  }

  nodeOf({ bytes, end }: KeyBytes): OriginNode {
    return this.nodes[bytes[end - 1]! % this.nodes.length]!;
  }

  owns(): boolean {
    return true;
  }

  numberOf(): number {
    return 0;
  }

  hashSlotsOf(): undefined {
    return undefined;
  }

  anyNode(): OriginNode {
    return this.nodes[0]!;
  }

  fence(then: () => void): void {
    let missing = this.nodes.length;
    for (const node of this.nodes) {
      node.fence(() => {
        missing--;
        if (missing === 0) then();
      });
    }
  }

  get linkStatus(): LinkStatus {
    return STATUSES.find((status) => this.nodes.some(({ channel }) => channel.status === status))!;
  }

  get tracking(): boolean | undefined {
    const told = this.nodes.map(({ channel }) => channel.tracking).filter((one) => one !== undefined);
    return told.length === 0 ? undefined : !told.includes(false);
  }

  get provenUntilMs(): number {
    return Math.min(...this.nodes.map(({ channel }) => channel.provenUntilMs));
  }

  get roundTripMs(): number | undefined {
    const known = this.nodes.map(({ channel }) => channel.roundTripMs).filter((ms) => ms !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  }

  get stalenessBoundMs(): number {
    return stalenessBoundMs(this.#options);
  }

  get lastError(): UpstreamError {
    const { channel } = this.nodes.find((node) => node.channel.status === "down") ?? this.anyNode();
    return channel.lastError;
  }

  get connectionCounts(): ConnectionCounts {
    const total = { shared: 0, dedicated: 0, idle: 0 };
    for (const { connectionCounts } of this.nodes) {
      total.shared += connectionCounts.shared;
      total.dedicated += connectionCounts.dedicated;
      total.idle += connectionCounts.idle;
    }
    return total;
  }

  close(): void {
    for (const node of this.nodes) node.close();
  }
}
