import { stalenessBoundMs } from "../../coherence/heartbeat.ts";
import { HASH_SLOTS } from "../../lib/hash-slot.ts";
import type { KeyBytes } from "../../lib/key-bytes.ts";
import type { ReplyReader } from "../../protocol/reply-reader.ts";
import { formatOrigin, type OriginAddress } from "../address.ts";
import type { ChannelOptions, LinkStatus } from "../channel.ts";
import { UpstreamConnection } from "../connection.ts";
import type { ConnectionCounts } from "../connection-pool.ts";
import type { Fenced } from "../fenced.ts";
import { logIn } from "../handshake.ts";
import { failRequest, HeldRequests } from "../held-requests.ts";
import { openNode } from "../open-node.ts";
import type { NodeOptions, Origin, OriginEvents } from "../origin.ts";
import type { OriginNode } from "../origin-node.ts";
import { notNeeded, UpstreamError } from "../upstream-error.ts";
import type { Upstream, UpstreamRequest } from "../upstream-request.ts";
import { AskingUpstream } from "./asking.ts";
import { ClusterBeat } from "./cluster-beat.ts";
import { type Redirection, readRedirection } from "./redirection.ts";
import { type Assignment, SlotMap, UNKNOWN } from "./slot-map.ts";
import { type AskedView, joinViews, type Primary } from "./topology.ts";
import { type Askable, TopologyWatch } from "./topology-watch.ts";

/** How often one request is sent on before it fails: each time costs a round trip. */
const MOST_REDIRECTIONS = 16;

const STATUSES: readonly LinkStatus[] = ["down", "silent", "up"];

/**
 * A Redis Cluster: primaries that have the hash slots among them. Only primaries are asked. A replica may lag behind,
 * and its invalidations may, too.
 *
 * All threads of a proxy share one map of the slots (`SlotMap`). A thread that learns of a change of hands notes it
 * there first, and tells then that everything fetched of the slot is void. So a fill that began before has another
 * epoch, and one that begins afterwards asks the new owner.
 *
 * A node vouches for what was fetched from it only while it is in the majority of its cluster (`ClusterBeat`). After a
 * silence it may have been replaced, so everything fetched from it goes.
 */
export class Cluster implements Origin {
  readonly name: string;
  readonly database = 0;
  readonly redirects = true;
  readonly owners: Uint16Array;
  readonly #seeds: readonly OriginAddress[];
  readonly #options: NodeOptions;
  readonly #events: OriginEvents;
  readonly #map: SlotMap;
  readonly #watch: TopologyWatch;
  /** All nodes that are connected, by their addresses. */
  readonly #open = new Map<string, OriginNode>();
  /** Those that own slots, by their numbers. */
  #byNumber: (OriginNode | undefined)[] = [];
  #nodes: readonly OriginNode[] = [];
  /** The version of the map that `#byNumber` is of. */
  #version = -1;
  /** Nodes that were asked by way of exception since the last look at the topology. */
  readonly #guests = new Set<OriginNode>();
  /** The replicas and other nodes that were seen, for when primaries do not answer. */
  #others: readonly OriginAddress[] = [];
  readonly #held: HeldRequests;
  #orderVersion = 0;
  /** What `tracking` is, until a node says something else. */
  #tracking: boolean | undefined;
  #isTrackingKnown = false;
  #isClosed = false;
  #lastError: UpstreamError;

  /** @param seeds at least one address; all have the same credentials */
  constructor(
    seeds: readonly OriginAddress[],
    options: NodeOptions,
    events: OriginEvents,
    memory: SharedArrayBuffer,
  ) {
    this.name = `cluster ${seeds.map(formatOrigin).join(",")}`;
    this.#seeds = seeds;
    this.#options = options;
    this.#events = events;
    this.#map = new SlotMap(memory);
    this.owners = this.#map.owners;
    this.#lastError = new UpstreamError("ORIGINDOWN", `${this.name} is not known yet`, false);
    const { timers } = options(seeds[0]!);
    this.#held = new HeldRequests(timers);
    this.#watch = new TopologyWatch({
      timers,
      targets: () => this.#targets(),
      learned: (views, problems) => this.#learned(views, problems),
    });
    this.#adopt();
    this.#watch.suspect();
  }

  get nodes(): readonly OriginNode[] {
    this.#adopt();
    return this.#nodes;
  }

  get orderVersion(): number {
    return this.#map.version + this.#orderVersion;
  }

  nodeOf({ hashSlot }: KeyBytes): OriginNode {
    return this.nodeOfSlot(hashSlot);
  }

  /** Returns the node that owns a hash slot; if nobody knows, a node that does. */
  nodeOfSlot(slot: number): OriginNode {
    for (;;) {
      const { version } = this.#map;
      this.#adopt();
      const node = this.#byNumber[this.#map.ownerOf(slot)];
      // Behind this no other thread has changed anything in between.
      if (version !== this.#map.version) continue;
      return node ?? this.anyNode();
    }
  }

  anyNode(): OriginNode {
    this.#adopt();
    return (
      this.#nodes.find(({ channel }) => channel.status === "up") ??
      this.#nodes.find(({ channel }) => channel.connection !== undefined) ??
      this.#nodes[0] ??
      this.#nodeAt(this.#seeds[0]!)
    );
  }

  hashSlotsOf(node: OriginNode): readonly number[] {
    const number = this.#byNumber.indexOf(node);
    const slots: number[] = [];
    if (number <= UNKNOWN) return slots;
    for (let slot = 0; slot < HASH_SLOTS; slot++) if (this.owners[slot] === number) slots.push(slot);
    return slots;
  }

  owns(node: Fenced, { hashSlot }: KeyBytes): boolean {
    this.#adopt();
    return this.#byNumber[this.#map.ownerOf(hashSlot)] === node;
  }

  numberOf(node: OriginNode): number {
    return Math.max(UNKNOWN, this.#byNumber.indexOf(node));
  }

  fence(then: () => void): void {
    const nodes = [...this.#open.values()];
    let missing = nodes.length;
    if (missing === 0) queueMicrotask(then);
    for (const node of nodes) {
      node.fence(() => {
        missing--;
        if (missing === 0) then();
      });
    }
  }

  get linkStatus(): LinkStatus {
    const { nodes } = this;
    if (nodes.length === 0) return "down";
    return STATUSES.find((status) => nodes.some(({ channel }) => channel.status === status))!;
  }

  get tracking(): boolean | undefined {
    // Each write and each fill asks this.
    this.#adopt();
    if (!this.#isTrackingKnown) {
      // A node that has not said so yet has not answered anything either.
      const told = this.#nodes.map(({ channel }) => channel.tracking);
      this.#tracking = told.includes(false) ? false : told.find((one) => one !== undefined);
      this.#isTrackingKnown = true;
    }
    return this.#tracking;
  }

  get provenUntilMs(): number {
    return Math.min(...this.nodes.map(({ channel }) => channel.provenUntilMs));
  }

  get roundTripMs(): number | undefined {
    const known = this.nodes.map(({ channel }) => channel.roundTripMs).filter((ms) => ms !== undefined);
    return known.length === 0 ? undefined : Math.max(...known);
  }

  get stalenessBoundMs(): number {
    return stalenessBoundMs(this.#options(this.#seeds[0]!));
  }

  get lastError(): UpstreamError {
    const down = this.nodes.find(({ channel }) => channel.status === "down");
    return down?.channel.lastError ?? this.#lastError;
  }

  get connectionCounts(): ConnectionCounts {
    const total = { shared: 0, dedicated: 0, idle: 0 };
    for (const { connectionCounts } of this.#open.values()) {
      total.shared += connectionCounts.shared;
      total.dedicated += connectionCounts.dedicated;
      total.idle += connectionCounts.idle;
    }
    return total;
  }

  close(): void {
    this.#isClosed = true;
    this.#watch.close();
    for (const node of this.#open.values()) node.close();
    const error = new UpstreamError("ORIGINDOWN", "the proxy is shutting down", true);
    this.#held.close(error);
  }

  // ---- nodes

  /** Connects with the primaries that the map names now. */
  #adopt(): void {
    const { version } = this.#map;
    if (version === this.#version || this.#isClosed) return;
    this.#version = version;
    const owning = new Set(this.owners);
    this.#byNumber = this.#map.primaries.map((primary, number) =>
      primary === undefined || !owning.has(number) ? undefined : this.#nodeAt(primary),
    );
    this.#nodes = this.#byNumber.filter((node) => node !== undefined);
    this.#isTrackingKnown = false;
    // As long as nobody knows anything, a seed is asked, and sends requests on.
    if (this.#nodes.length === 0) this.#nodes = [this.#nodeAt(this.#seeds[0]!)];
    // Numbers may be of other nodes now.
    for (const node of this.#nodes) if (node.channel.status !== "down") this.#events.proven(node);
  }

  #nodeAt({ host, port }: Pick<OriginAddress, "host" | "port">): OriginNode {
    const name = formatOrigin({ host, port });
    const known = this.#open.get(name);
    if (known !== undefined) return known;
    const node: OriginNode = openNode(
      this.#optionsOf({ host, port }, () => node),
      {
        ...this.#events,
        ready: (ready, tracking) => {
          this.#isTrackingKnown = false;
          this.#events.ready(ready, tracking);
        },
        lost: (lost, error) => {
          this.#isTrackingKnown = false;
          if (this.#open.get(name) !== node) {
            this.#events.retired(lost);
            return;
          }
          this.#lastError = error;
          this.#events.lost(lost, error);
          this.#watch.suspect();
        },
        silent: (silent, silentMs) => {
          this.#events.silent(silent, silentMs);
          // It may have been replaced meanwhile, and not know it when it speaks again.
          this.#events.allInvalidated(silent);
          this.#watch.suspect();
        },
      },
    );
    this.#open.set(name, node);
    return node;
  }

  /** All nodes have the credentials of the seeds. */
  #optionsOf(at: Pick<OriginAddress, "host" | "port">, node: () => OriginNode): ChannelOptions {
    const base = this.#options({ ...this.#seeds[0]!, ...at });
    const beat = new ClusterBeat(() => this.#watch.suspect());
    const takeOver = (request: UpstreamRequest, bytes: Uint8Array, reader: ReplyReader): boolean =>
      this.takeOver(node(), request, bytes, reader);
    // Settings are read at each use, so they must not be copied.
    return Object.assign(Object.create(base) as ChannelOptions, { beat, takeOver });
  }

  // ---- redirections

  /**
   * Learns from the error of a node, and sends a request on that the node has not executed.
   * @returns false if it gets the error
   */
  takeOver(from: OriginNode, request: UpstreamRequest, bytes: Uint8Array, reader: ReplyReader): boolean {
    const redirection = readRedirection(bytes, reader);
    if (redirection === undefined || this.#isClosed) return false;
    const at = redirection.kind === "later" ? undefined : addressIn(redirection, from);
    if (redirection.kind === "moved") this.#moved(from, redirection.slot, at!);
    else if (redirection.kind === "later" && redirection.code !== "TRYAGAIN") this.#watch.suspect();
    if (request.redirectsTo === undefined) return false;
    const { clock, timeoutMs } = this.#options(this.#seeds[0]!);
    const nowMs = clock.monotonicMs();
    if (request.redirections === 0) request.giveUpAtMs = Math.min(request.deadlineMs, nowMs + timeoutMs);
    request.redirections++;
    if (redirection.kind === "later") return this.#putOff(from, request, redirection, nowMs);
    if (request.redirections > MOST_REDIRECTIONS) {
      const message = `${this.name} has sent this request on ${MOST_REDIRECTIONS} times`;
      failRequest(request, new UpstreamError("CLUSTERDOWN", message, false));
      return true;
    }
    const node = this.#nodeAt(at!);
    if (this.numberOf(node) === UNKNOWN) this.#guests.add(node);
    this.#send(request, node, redirection.kind === "ask");
    return true;
  }

  /** Believes a node that says that a slot is no longer its own. The topology is looked at as well. */
  #moved(from: OriginNode, slot: number, at: Pick<OriginAddress, "host" | "port">): void {
    const known = this.#map.primaries.find((one) => one?.host === at.host && one.port === at.port);
    const primary: Primary = known ?? { id: "", configEpoch: 0, ...at };
    const number = this.numberOf(from);
    // An answer to an older request says nothing about the present owner.
    const isDue = (): boolean => this.#map.ownerOf(slot) === number;
    this.#assign([{ slot, primary }], [], isDue);
    this.#watch.suspect();
  }

  #putOff(
    from: OriginNode,
    request: UpstreamRequest,
    redirection: Redirection & { readonly kind: "later" },
    nowMs: number,
  ): boolean {
    if (nowMs >= request.giveUpAtMs) return false;
    // Later requests of the same client must not overtake it.
    this.#orderVersion++;
    this.#held.hold(request, () => {
      const node = this.#open.get(from.name) ?? this.anyNode();
      this.#send(request, node, redirection.code === "TRYAGAIN");
    });
    return true;
  }

  #send(request: UpstreamRequest, node: OriginNode, isAsking: boolean): void {
    try {
      const kind = request.redirectsTo!;
      const isAlone = typeof kind === "object";
      const connection = isAlone ? node.single(kind.alone) : kind === "main" ? node.main() : node.side(kind);
      const to: Upstream = isAsking ? new AskingUpstream(connection) : connection;
      const end = isAlone ? (): void => connection.close(notNeeded()) : undefined;
      request.redirect({ to, node, isAsking, end });
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      failRequest(request, error);
    }
  }

  // ---- topology

  #targets(): Askable[] {
    const { nodes } = this;
    const asked = nodes.map((node) => ({
      host: node.host,
      isSilent: node.channel.status === "silent",
      connection: () => node.main(),
      done: () => {},
    }));
    const isKnown = nodes.length > 0 && nodes.every(({ channel }) => channel.status === "up");
    if (isKnown) return asked;
    const names = new Set(nodes.map(({ name }) => name));
    const others = [...this.#seeds, ...this.#others].filter((at) => {
      const name = formatOrigin(at);
      return !names.has(name) && names.add(name);
    });
    return [...asked, ...others.map((at) => this.#stranger(at))];
  }

  /** A node that is no primary, over a connection for this one question. */
  #stranger(at: OriginAddress): Askable {
    let connection: UpstreamConnection | undefined;
    return {
      host: at.host,
      isSilent: false,
      connection: () => {
        const options = this.#options({ ...this.#seeds[0]!, host: at.host, port: at.port });
        connection = new UpstreamConnection(options, { closed: () => {} });
        logIn(connection, { address: options.address, version: 2, selects: false });
        return connection;
      },
      done: () => connection?.close(notNeeded()),
    };
  }

  /** @returns whether something is wrong */
  #learned(views: readonly AskedView[], problems: readonly string[]): boolean {
    if (views.length === 0) {
      const reason = problems[0] ?? "no node answers";
      this.#lastError = new UpstreamError(
        "ORIGINDOWN",
        `${this.name} does not tell its nodes: ${reason}`,
        false,
      );
      return true;
    }
    const topology = joinViews(views);
    const { owners, primaries, contested } = topology;
    const knownCount = new Set(this.owners).size - (this.owners.includes(UNKNOWN) ? 1 : 0);
    const isMajority = views.length * 2 > knownCount;
    const assignments: Assignment[] = [];
    for (let slot = 0; slot < HASH_SLOTS; slot++) {
      assignments.push({ slot, primary: primaries[owners[slot]!] });
    }
    const isContested = new Set(contested);
    this.#assign(assignments, primaries, ({ slot, primary }, present) => {
      if (primary === undefined) return isMajority || isContested.has(slot);
      return present === undefined || isMajority || primary.configEpoch > present.configEpoch;
    });
    this.#noteOthers(views);
    this.#closeUnused();
    const isWhole = contested.length === 0 && !this.owners.includes(UNKNOWN);
    return !isWhole || this.nodes.some(({ channel }) => channel.status !== "up");
  }

  /** Notes changes of hands, and tells of them before anything is asked of the new owners. */
  #assign(
    assignments: readonly Assignment[],
    seen: readonly Primary[],
    isDue: (assignment: Assignment, present: Primary | undefined) => boolean,
  ): void {
    const changed = this.#map.assign(assignments, seen, isDue);
    if (changed.length > 0) this.#events.moved(changed);
    this.#adopt();
  }

  #noteOthers(views: readonly AskedView[]): void {
    const others = new Map<string, OriginAddress>();
    for (const { view, host } of views) {
      for (const node of view.nodes) {
        if (node.slots.length > 0 || node.isFailed || node.port === 0) continue;
        const at = { host: node.host === "" ? host : node.host, port: node.port };
        others.set(formatOrigin(at), at);
      }
    }
    this.#others = [...others.values()];
  }

  /** Ends the connections to nodes that own nothing and were not asked lately. */
  #closeUnused(): void {
    const used = new Set<OriginNode>([...this.nodes, ...this.#guests]);
    this.#guests.clear();
    for (const [name, node] of this.#open) {
      // A silent node may never answer. Any other one has its requests answered first.
      if (used.has(node) || (node.isBusy && node.channel.status !== "silent")) continue;
      // Nothing depends on it, so its end is no loss.
      this.#open.delete(name);
      node.close(new UpstreamError("ORIGINDOWN", `origin ${name} was replaced and does not answer`, true));
    }
  }
}

/** Where a node sends a request. An empty host is the node's own. */
function addressIn(
  { host, port }: Redirection & { readonly host: string; readonly port: number },
  from: OriginNode,
): Pick<OriginAddress, "host" | "port"> {
  return { host: host === "" ? from.host : host, port };
}
