import type { KeyBytes } from "../lib/key-bytes.ts";
import { systemTimers, type Timer } from "../lib/timers.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { formatOrigin, type OriginAddress, parseOrigin, SERVER_SCHEMES } from "./address.ts";
import type { ChannelOptions, LinkStatus } from "./channel.ts";
import { Cluster } from "./cluster/cluster.ts";
import { SlotMap } from "./cluster/slot-map.ts";
import type { ConnectionCounts } from "./connection-pool.ts";
import type { Fenced } from "./fenced.ts";
import type { NodeOptions, Origin, OriginEvents, OriginKind } from "./origin.ts";
import type { OriginNode } from "./origin-node.ts";
import { SingleNode } from "./single-node.ts";
import type { UpstreamError } from "./upstream-error.ts";
import type { UpstreamRequest } from "./upstream-request.ts";

const CLOSE_RETRY_MS = 1000;

/**
 * The origin at the address of one server: that server, or, if it says that it is a node of a cluster, the cluster.
 * It says so in the handshake, before any reply.
 */
export class DiscoveredOrigin implements Origin {
  owners: Uint16Array;
  redirects = false;
  readonly #address: OriginAddress;
  readonly #options: NodeOptions;
  readonly #events: OriginEvents;
  readonly #memory: SharedArrayBuffer;
  #present: SingleNode | Cluster;
  /** The server, after it has said that it is a node of a cluster, and the timer of its end. */
  #earlier: SingleNode | undefined;
  #later: Timer | undefined;

  constructor(address: OriginAddress, options: NodeOptions, events: OriginEvents, memory: SharedArrayBuffer) {
    this.#address = address;
    this.#options = options;
    this.#events = events;
    this.#memory = memory;
    this.#present = this.#openServer();
    this.owners = this.#present.owners;
  }

  #openServer(): SingleNode {
    const base = this.#options(this.#address);
    // A reply to a request that was sent before the cluster was known.
    const takeOver = (request: UpstreamRequest, bytes: Uint8Array, reader: ReplyReader): boolean =>
      this.#present instanceof Cluster && this.#present.takeOver(server.anyNode(), request, bytes, reader);
    // Settings are read at each use, so they must not be copied.
    const options = Object.assign(Object.create(base) as ChannelOptions, { takeOver });
    const events = this.#events;
    const isPresent = (): boolean => this.#present === server;
    const server: SingleNode = new SingleNode(options, {
      ...events,
      ready: (node, tracking) => {
        if (!isPresent()) return;
        if (node.channel.greeting?.mode === "cluster") this.#discover(server, node);
        else events.ready(node, tracking);
      },
      // What was fetched before is void, and nothing more is fetched.
      proven: (node) => isPresent() && events.proven(node),
      lost: (node, error) => isPresent() && events.lost(node, error),
      silent: (node, silentMs) => isPresent() && events.silent(node, silentMs),
      answers: (node) => isPresent() && events.answers(node),
    });
    return server;
  }

  #discover(server: SingleNode, node: OriginNode): void {
    this.#events.clustered(node);
    const cluster = new Cluster([this.#address], this.#options, this.#events, this.#memory);
    this.#present = cluster;
    this.owners = cluster.owners;
    this.redirects = true;
    this.#earlier = server;
    this.#closeEarlier(server, node);
  }

  /** Closes the connections to the server that were opened before the cluster was known, behind their last replies. */
  #closeEarlier(server: SingleNode, node: OriginNode): void {
    const { timers = systemTimers } = this.#options(this.#address);
    server.fence(() => {
      if (node.isBusy) this.#later = timers.after(CLOSE_RETRY_MS, () => this.#closeEarlier(server, node));
      else server.close();
    });
  }

  get name(): string {
    return this.#present.name;
  }

  get database(): number {
    return this.#present.database;
  }

  get nodes(): readonly OriginNode[] {
    return this.#present.nodes;
  }

  get orderVersion(): number {
    return this.#present.orderVersion;
  }

  nodeOf(key: KeyBytes): OriginNode {
    return this.#present.nodeOf(key);
  }

  owns(node: Fenced, key: KeyBytes): boolean {
    return this.#present.owns(node, key);
  }

  numberOf(node: OriginNode): number {
    return this.#present.numberOf(node);
  }

  hashSlotsOf(node: OriginNode): readonly number[] | undefined {
    return this.#present.hashSlotsOf(node);
  }

  anyNode(): OriginNode {
    return this.#present.anyNode();
  }

  fence(then: () => void): void {
    this.#present.fence(then);
  }

  get linkStatus(): LinkStatus {
    return this.#present.linkStatus;
  }

  get tracking(): boolean | undefined {
    return this.#present.tracking;
  }

  get provenUntilMs(): number {
    return this.#present.provenUntilMs;
  }

  get roundTripMs(): number | undefined {
    return this.#present.roundTripMs;
  }

  get stalenessBoundMs(): number {
    return this.#present.stalenessBoundMs;
  }

  get lastError(): UpstreamError {
    return this.#present.lastError;
  }

  get connectionCounts(): ConnectionCounts {
    return this.#present.connectionCounts;
  }

  close(): void {
    this.#later?.stop();
    this.#earlier?.close();
    this.#present.close();
  }
}

export const serverKind: OriginKind = {
  schemes: SERVER_SCHEMES,
  form: "host:port or redis://[user[:password]@]host[:port][/database], with TLS rediss://",
  read(text) {
    const address = parseOrigin(text);
    return {
      name: formatOrigin(address),
      hasPassword: address.password !== undefined,
      isSecure: address.isSecure === true,
      lacksPassword: address.user !== undefined && address.password === undefined,
      createMemory: () => SlotMap.createMemory(),
      open: (options, events, memory) =>
        new DiscoveredOrigin(address, options, events, memory ?? SlotMap.createMemory()),
    };
  },
};
