import { stalenessBoundMs } from "../coherence/heartbeat.ts";
import { formatOrigin, parseOrigin, SERVER_SCHEMES } from "./address.ts";
import type { ChannelOptions, LinkStatus } from "./channel.ts";
import type { ConnectionCounts } from "./connection-pool.ts";
import { openNode } from "./open-node.ts";
import type { Origin, OriginEvents, OriginKind } from "./origin.ts";
import type { OriginNode } from "./origin-node.ts";
import type { UpstreamError } from "./upstream-error.ts";

/** An origin that is one server with all keys. */
export class SingleNode implements Origin {
  readonly nodes: readonly OriginNode[];
  readonly owners = new Uint16Array(1);
  readonly redirects = false;
  readonly orderVersion = 0;
  readonly #node: OriginNode;
  readonly #options: ChannelOptions;

  constructor(options: ChannelOptions, events: OriginEvents) {
    this.#options = options;
    this.#node = openNode(options, events);
    this.nodes = [this.#node];
  }

  get name(): string {
    return this.#node.name;
  }

  get database(): number {
    return this.#options.address.database ?? 0;
  }

  nodeOf(): OriginNode {
    return this.#node;
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
    return this.#node;
  }

  fence(then: () => void): void {
    this.#node.fence(then);
  }

  get linkStatus(): LinkStatus {
    return this.#node.channel.status;
  }

  get tracking(): boolean | undefined {
    return this.#node.channel.tracking;
  }

  get provenUntilMs(): number {
    return this.#node.channel.provenUntilMs;
  }

  get roundTripMs(): number | undefined {
    return this.#node.channel.roundTripMs;
  }

  get stalenessBoundMs(): number {
    return stalenessBoundMs(this.#options);
  }

  get lastError(): UpstreamError {
    return this.#node.channel.lastError;
  }

  get connectionCounts(): ConnectionCounts {
    return this.#node.connectionCounts;
  }

  close(): void {
    this.#node.close();
  }
}

export const singleNode: OriginKind = {
  schemes: SERVER_SCHEMES,
  form: "host:port or redis://[user[:password]@]host[:port][/database], with TLS rediss://",
  read(text) {
    const address = parseOrigin(text);
    return {
      name: formatOrigin(address),
      hasPassword: address.password !== undefined,
      isSecure: address.isSecure === true,
      lacksPassword: address.user !== undefined && address.password === undefined,
      open: (options, events) => new SingleNode(options(address), events),
    };
  },
};
