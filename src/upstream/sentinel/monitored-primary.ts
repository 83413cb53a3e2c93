import { stalenessBoundMs } from "../../coherence/heartbeat.ts";
import { latin1 } from "../../lib/bytes.ts";
import type { ReplyReader } from "../../protocol/reply-reader.ts";
import { formatOrigin } from "../address.ts";
import type { ChannelOptions, LinkStatus } from "../channel.ts";
import type { ConnectionCounts } from "../connection-pool.ts";
import type { Fenced } from "../fenced.ts";
import { failRequest, HeldRequests } from "../held-requests.ts";
import { openNode } from "../open-node.ts";
import type { NodeOptions, Origin, OriginEvents } from "../origin.ts";
import type { OriginNode } from "../origin-node.ts";
import { notNeeded, UpstreamError } from "../upstream-error.ts";
import type { UpstreamRequest } from "../upstream-request.ts";
import { type MonitoredAddress, PrimarySearch } from "./primary-search.ts";
import { PRIMARY, RoleBeat } from "./role.ts";
import { type NamedPrimary, SharedPrimary } from "./shared-primary.ts";

/** What a replica answers to a write, and to anything while it has no link to its primary. */
const REPLICA_CODES = ["READONLY ", "MASTERDOWN "];
/** The one entry of `owners`, which stands for all keys. */
const ALL_KEYS: readonly number[] = [0];

/**
 * A primary that sentinels watch over, and replace when it fails
 * (https://redis.io/docs/latest/develop/reference/sentinel-clients/). Replicas are never asked.
 *
 * All threads of a proxy share where the primary is (`SharedPrimary`). The thread that learns of a change of hands
 * 1. notes it there,
 * 2. tells that everything fetched before is void (`lost`), which is one epoch for all threads,
 * 3. asks the new primary.
 *
 * Each other thread does 2 and 3 when it next chooses a node. So no thread asks the new primary before the entries of
 * the old one are void. A fill from the old primary cannot be stored later: a fill notes its epoch, then sees that its
 * node is still the primary (`owns`), and asks. If it is, step 1 was still to come, and step 2 voids that epoch. With 2
 * before 1, a fill could begin in between, from the old primary and with the new epoch. A thread that has had no node
 * yet does step 2, too (`moved`): it may be faster than the thread that has noted the change.
 *
 * The primary vouches for what was fetched from it while ROLE says that it is one. After a silence or a lost connection
 * it may have been replaced without knowing it, so the sentinels must have named it again since. Entries outlive a
 * silence: if it is still the primary, its invalidations come over the same connection.
 */
export class MonitoredPrimary implements Origin {
  readonly name: string;
  readonly redirects = true;
  readonly owners = new Uint16Array(1);
  readonly #address: MonitoredAddress;
  readonly #options: NodeOptions;
  readonly #events: OriginEvents;
  readonly #settings: ChannelOptions;
  readonly #shared: SharedPrimary;
  readonly #search: PrimarySearch;
  readonly #held: HeldRequests;
  #node: OriginNode | undefined;
  #nodes: readonly OriginNode[] = [];
  /** The version of the shared primary that `#node` is of. */
  #version = 0;
  /** Whether the node has said that it is no primary. */
  #isDemoted = false;
  /** Whether the sentinels must name the node again before it vouches for anything. */
  #isUnconfirmed = false;
  /** Since when the node does not vouch for anything. */
  #doubtedAtMs: number | undefined;
  #orderVersion = 0;
  #isClosed = false;

  constructor(
    address: MonitoredAddress,
    options: NodeOptions,
    events: OriginEvents,
    memory: SharedArrayBuffer,
  ) {
    const { primaryName, sentinels, login } = address;
    this.name = `"${primaryName}" of sentinels ${sentinels.map(formatOrigin).join(",")}`;
    this.#address = address;
    this.#options = options;
    this.#events = events;
    this.#settings = options({ ...login, ...sentinels[0]! });
    this.#shared = new SharedPrimary(memory);
    this.#held = new HeldRequests(this.#settings.timers);
    this.#search = new PrimarySearch({
      ...{ address, options, shared: this.#shared },
      changed: () => this.#adopt(),
      confirmed: () => this.#confirmed(),
      isUneasy: () => this.#isDemoted || this.#isUnconfirmed || this.linkStatus !== "up",
      unresolved: (error) => events.unresolved?.(error),
    });
    this.#adopt();
    this.#search.suspect();
  }

  get database(): number {
    return this.#address.login.database ?? 0;
  }

  get nodes(): readonly OriginNode[] {
    this.#adopt();
    return this.#nodes;
  }

  get orderVersion(): number {
    return this.#shared.version + this.#orderVersion;
  }

  nodeOf(): OriginNode {
    return this.anyNode();
  }

  anyNode(): OriginNode {
    this.#adopt();
    if (this.#node === undefined) throw this.#search.lastError;
    return this.#node;
  }

  owns(node: Fenced): boolean {
    this.#adopt();
    return node === this.#node;
  }

  numberOf(): number {
    return 0;
  }

  hashSlotsOf(): undefined {
    return undefined;
  }

  fence(then: () => void): void {
    const [node] = this.nodes;
    if (node === undefined) queueMicrotask(then);
    else node.fence(then);
  }

  get linkStatus(): LinkStatus {
    return this.nodes[0]?.channel.status ?? "down";
  }

  get tracking(): boolean | undefined {
    return this.nodes[0]?.channel.tracking;
  }

  get provenUntilMs(): number {
    const [node] = this.nodes;
    if (node === undefined) return Number.POSITIVE_INFINITY;
    const { status } = node.channel;
    // Nothing fetched from it is left, and nothing is fetched yet.
    if (status === "down") return node.channel.provenUntilMs;
    return Math.min(node.channel.provenUntilMs, this.#doubtedAtMs ?? Number.POSITIVE_INFINITY);
  }

  get roundTripMs(): number | undefined {
    return this.nodes[0]?.channel.roundTripMs;
  }

  get stalenessBoundMs(): number {
    return stalenessBoundMs(this.#settings);
  }

  get lastError(): UpstreamError {
    return this.nodes[0]?.channel.lastError ?? this.#search.lastError;
  }

  get connectionCounts(): ConnectionCounts {
    return this.nodes[0]?.connectionCounts ?? { shared: 0, dedicated: 0, idle: 0 };
  }

  close(): void {
    this.#isClosed = true;
    this.#search.close();
    this.#held.close(new UpstreamError("ORIGINDOWN", "the proxy is shutting down", true));
    this.#node?.close();
  }

  // ---- the node

  /** Goes over to the primary that any thread has learned of. */
  #adopt(): void {
    if (this.#shared.version === this.#version || this.#isClosed) return;
    const { version, primary } = this.#shared.read();
    this.#version = version;
    const former = this.#node;
    const node = this.#open(primary!);
    this.#node = node;
    this.#nodes = [node];
    this.#isDemoted = false;
    this.#isUnconfirmed = false;
    this.#doubtedAtMs = undefined;
    if (former === undefined) {
      this.#events.moved(ALL_KEYS);
      return;
    }
    const message = `origin ${former.name} has been replaced: "${this.#address.primaryName}" is ${node.name} now`;
    const error = new UpstreamError("ORIGINDOWN", message, true);
    this.#events.lost(former, error);
    // Later, because requests fail then, and others may follow, while the present one still chooses its node. Replies
    // of the old primary cannot come before.
    queueMicrotask(() => {
      former.close(error, node.channel.connection);
      this.#events.retired(former);
    });
  }

  #open(at: NamedPrimary): OriginNode {
    const events = this.#events;
    const isPresent = (): boolean => node === this.#node;
    const node: OriginNode = openNode(
      this.#optionsOfNode(at, () => node),
      {
        ...events,
        lost: (lost, error) => {
          if (!isPresent()) return;
          this.#needConfirmation();
          events.lost(lost, error);
          this.#search.suspect();
        },
        silent: (silent, silentMs) => {
          events.silent(silent, silentMs);
          this.#needConfirmation();
          this.#search.suspect();
        },
        answers: (one) => {
          events.answers(one);
          // What the sentinels said during the silence may be too old.
          this.#search.suspect();
        },
        ready: (one, tracking) => {
          events.ready(one, tracking);
          const role = one.channel.greeting?.role || PRIMARY;
          if (role === PRIMARY) this.#roleSeen(one, role);
          else this.#demoted(one);
          // From now on what is fetched depends on it.
          events.proven(one);
          this.#search.suspect();
        },
      },
    );
    return node;
  }

  #optionsOfNode({ host, port }: NamedPrimary, node: () => OriginNode): ChannelOptions {
    const base = this.#options({ ...this.#address.login, host, port });
    const beat = new RoleBeat((role) => this.#roleSeen(node(), role));
    const takeOver = (request: UpstreamRequest, bytes: Uint8Array, reader: ReplyReader): boolean =>
      this.#takeOver(node(), request, bytes, reader);
    // Settings are read at each use, so they must not be copied.
    return Object.assign(Object.create(base) as ChannelOptions, { beat, takeOver });
  }

  // ---- trust

  #roleSeen(node: OriginNode, role: string): void {
    if (node !== this.#node) return;
    const isDemoted = role !== PRIMARY;
    if (isDemoted === this.#isDemoted) return;
    this.#isDemoted = isDemoted;
    if (isDemoted) this.#search.suspect();
    this.#trustChanged(node);
  }

  /** The node says in another way that it is no primary. */
  #demoted(node: OriginNode): void {
    if (node !== this.#node || this.#isDemoted) return;
    this.#isDemoted = true;
    this.#trustChanged(node);
    this.#events.allInvalidated(node);
    this.#search.suspect();
  }

  #needConfirmation(): void {
    this.#isUnconfirmed = true;
    this.#trustChanged(this.#node!);
  }

  /** The sentinels still name the node. */
  #confirmed(): void {
    if (!this.#isUnconfirmed || this.#node?.channel.status !== "up") return;
    this.#isUnconfirmed = false;
    this.#trustChanged(this.#node);
  }

  #trustChanged(node: OriginNode): void {
    if (this.#isDemoted || this.#isUnconfirmed) {
      this.#doubtedAtMs ??= this.#settings.clock.monotonicMs() - 1;
    } else {
      this.#doubtedAtMs = undefined;
    }
    this.#events.proven(node);
  }

  // ---- requests

  /** Puts a request off that a replica has not executed. @returns false if it gets the error */
  #takeOver(from: OriginNode, request: UpstreamRequest, bytes: Uint8Array, reader: ReplyReader): boolean {
    if (!isOfReplica(bytes, reader) || this.#isClosed) return false;
    this.#demoted(from);
    if (request.redirectsTo === undefined) return false;
    const { clock, timeoutMs } = this.#settings;
    const nowMs = clock.monotonicMs();
    if (request.redirections === 0) request.giveUpAtMs = Math.min(request.deadlineMs, nowMs + timeoutMs);
    if (nowMs >= request.giveUpAtMs) return false;
    this.#putOff(request);
    return true;
  }

  #putOff(request: UpstreamRequest): void {
    request.redirections++;
    // Later requests of the same client must not overtake it.
    this.#orderVersion++;
    this.#held.hold(request, () => this.#sendAgain(request));
  }

  #sendAgain(request: UpstreamRequest): void {
    const isDue = this.#settings.clock.monotonicMs() >= request.giveUpAtMs;
    try {
      const node = this.anyNode();
      // Not to a node that is about to be replaced: its connections would be closed before it has answered. In the end
      // it gives the client its answer.
      if (this.#isDemoted && !isDue) {
        this.#putOff(request);
        return;
      }
      const kind = request.redirectsTo!;
      if (typeof kind === "object") {
        // Not `single`, which would be in the first database.
        const to = node.dedicated(kind.alone, { closed: () => {} });
        request.redirect({ to, node, isAsking: false, end: () => to.close(notNeeded()) });
      } else {
        const to = kind === "main" ? node.main() : node.side(kind);
        request.redirect({ to, node, isAsking: false, end: undefined });
      }
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      if (isDue) failRequest(request, error);
      else this.#putOff(request);
    }
  }
}

function isOfReplica(bytes: Uint8Array, { valueStart, valueEnd }: ReplyReader): boolean {
  return REPLICA_CODES.some(
    (code) => latin1(bytes, valueStart, Math.min(valueEnd, valueStart + code.length)) === code,
  );
}
