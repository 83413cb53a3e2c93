import { ReplyError } from "../protocol/reply-value.ts";
import type { Key } from "./arguments.ts";
import type { Argument, Reply } from "./call.ts";
import type { Encoded } from "./codec.ts";
import { ClosedError } from "./errors.ts";
import { formatAddress, type ResolvedOptions } from "./options.ts";
import { ReconnectingLink } from "./reconnecting-link.ts";

/**
 * The right to load one key. The store keeps it under `leaseKey` as long as that has the holder's `token` as its
 * value.
 */
export interface Lease {
  readonly key: Key;
  readonly leaseKey: Key;
  readonly token: string;
}

/**
 * The fate of a loaded value: stored; not stored because the lease had expired or was dropped; not stored because the
 * key has a value by now.
 */
export type FillOutcome = "stored" | "lost" | "newer";

/** A connection without transactions for this time is closed. */
const IDLE_MS = 10_000;
/** If a change of key or lease aborts a transaction, it is tried again, and then sees the change. */
const ATTEMPTS = 3;
/** Most leases that one transaction ends, if several wait for a connection. */
const BATCH_LEASES = 32;

interface IdleLink {
  readonly link: ReconnectingLink;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** A lease to end. */
interface Ending {
  readonly lease: Lease;
  /** The command that stores the value; undefined if there is none to store. */
  readonly set: readonly Argument[] | undefined;
  readonly resolve: (outcome: FillOutcome) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Ends leases: stores the value and gives the lease back in one transaction, or only gives it back. WATCH concerns a
 * whole connection, and EXEC ends it for all keys. So these transactions have connections of their own, one
 * transaction at a time on each. Leases that wait for a connection share the next transaction (group commit), so that
 * many cold keys need few round trips and few journal writes.
 */
export class LeaseStore {
  readonly #options: ResolvedOptions;
  readonly #idle: IdleLink[] = [];
  readonly #queue: Ending[] = [];
  /** Number of connections that are open or being opened. */
  #openCount = 0;
  /** 1 in a cluster, where a transaction concerns one slot. */
  #batchLeases = BATCH_LEASES;
  #isClosed = false;

  /** @param options the options of the client that takes the leases */
  constructor(options: ResolvedOptions) {
    this.#options = { ...options, reconnect: false, onEvent: () => {} };
  }

  /**
   * Stores a value if the lease is still held and the key has no value.
   * @throws the errors of `Client.request`
   */
  fill(lease: Lease, value: Encoded, ttlMs: number | undefined): Promise<FillOutcome> {
    const set: Argument[] = ["SET", lease.key, value];
    if (ttlMs !== undefined) set.push("PX", ttlMs);
    return this.#end(lease, set);
  }

  /**
   * Gives a lease back if it is still held.
   * @throws the errors of `Client.request`
   */
  async release(lease: Lease): Promise<void> {
    await this.#end(lease, undefined);
  }

  /** Makes all later calls fail. */
  close(): void {
    this.#isClosed = true;
    for (const ending of this.#queue.splice(0)) ending.reject(this.#closedError());
    for (const { link, timer } of this.#idle.splice(0)) {
      clearTimeout(timer);
      this.#discard(link);
    }
  }

  #end(lease: Lease, set: readonly Argument[] | undefined): Promise<FillOutcome> {
    return new Promise((resolve, reject) => {
      if (this.#isClosed) {
        reject(this.#closedError());
        return;
      }
      this.#queue.push({ lease, set, resolve, reject });
      void this.#work();
    });
  }

  /**
   * Ends the waiting leases over one connection until none waits. Returns at once if all connections are busy with
   * that.
   */
  async #work(): Promise<void> {
    let link: ReconnectingLink | undefined = this.#idleLink();
    if (link === undefined) {
      if (this.#openCount >= this.#options.leaseConnections) return;
      this.#openCount++;
      try {
        link = await ReconnectingLink.open(this.#options);
      } catch (error) {
        this.#openCount--;
        // If another connection is open, it ends the waiting leases; otherwise none will.
        if (this.#openCount === 0) for (const ending of this.#queue.splice(0)) ending.reject(error);
        return;
      }
    }
    while (this.#queue.length > 0 && link.isConnected) {
      const batch = this.#queue.splice(0, this.#batchLeases);
      if (!(await this.#endBatch(link, batch))) {
        // The connection may have an open MULTI or WATCH.
        this.#discard(link);
        if (this.#queue.length > 0) void this.#work();
        return;
      }
    }
    if (link.isConnected && !this.#isClosed) {
      this.#keep(link);
      return;
    }
    this.#discard(link);
    if (this.#queue.length > 0) void this.#work();
  }

  /**
   * Settles a whole batch, or queues its leases again to end them one by one.
   * @returns false if the connection is no longer usable
   */
  async #endBatch(link: ReconnectingLink, batch: readonly Ending[]): Promise<boolean> {
    try {
      const outcomes = await endLeases(link, batch);
      for (const [index, { resolve }] of batch.entries()) resolve(outcomes[index]!);
      return true;
    } catch (error) {
      if (batch.length === 1 || !(error instanceof ReplyError)) {
        for (const { reject } of batch) reject(error);
        return false;
      }
      // One of them caused the error. In a cluster, the batch itself did.
      if (error.code === "CROSSSLOT") this.#batchLeases = 1;
    }
    await send(link, [["DISCARD"]]).catch(() => {});
    await send(link, [["UNWATCH"]]).catch(() => {});
    for (const [index, ending] of batch.entries()) {
      if (await this.#endBatch(link, [ending])) continue;
      this.#queue.unshift(...batch.slice(index + 1));
      return false;
    }
    return true;
  }

  #idleLink(): ReconnectingLink | undefined {
    for (let idle = this.#idle.pop(); idle !== undefined; idle = this.#idle.pop()) {
      clearTimeout(idle.timer);
      if (idle.link.isConnected) return idle.link;
      this.#discard(idle.link);
    }
    return undefined;
  }

  #keep(link: ReconnectingLink): void {
    const idle: IdleLink = { link, timer: setTimeout(() => this.#expire(idle), IDLE_MS) };
    // The connection keeps the process alive, as the client's own does; the timer need not.
    idle.timer.unref();
    this.#idle.push(idle);
  }

  #expire(idle: IdleLink): void {
    const at = this.#idle.indexOf(idle);
    if (at < 0) return;
    this.#idle.splice(at, 1);
    this.#discard(idle.link);
  }

  #discard(link: ReconnectingLink): void {
    this.#openCount--;
    void link.close(0);
  }

  #closedError(): ClosedError {
    return new ClosedError(`the client of ${formatAddress(this.#options)} was closed`);
  }
}

/** Ends leases in one transaction. Each of them succeeds or is left alone. */
async function endLeases(link: ReconnectingLink, endings: readonly Ending[]): Promise<FillOutcome[]> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const watched = endings.flatMap(({ lease }) => [lease.leaseKey, lease.key]);
    const looks = endings.flatMap(({ lease }) => [
      ["GET", lease.leaseKey],
      ["EXISTS", lease.key],
    ]);
    const [, ...seen] = await send(link, [["WATCH", ...watched], ...looks]);
    const outcomes = endings.map(({ lease }, index): FillOutcome => {
      if (seen[2 * index] !== lease.token) return "lost";
      return seen[2 * index + 1] === 1 ? "newer" : "stored";
    });
    const commands = endings.flatMap(({ lease, set }, index): (readonly Argument[])[] => {
      if (outcomes[index] === "lost") return [];
      const release = ["DEL", lease.leaseKey];
      return outcomes[index] === "stored" && set !== undefined ? [set, release] : [release];
    });
    if (commands.length === 0) {
      await send(link, [["UNWATCH"]]);
      return outcomes;
    }
    const replies = await send(link, [["MULTI"], ...commands, ["EXEC"]]);
    const results = replies.at(-1) as Reply[] | null;
    for (const result of results ?? []) if (result instanceof ReplyError) throw result;
    if (results !== null) return outcomes;
  }
  if (endings.length === 1) return ["lost"];
  const alone: FillOutcome[] = [];
  for (const ending of endings) alone.push(...(await endLeases(link, [ending])));
  return alone;
}

/**
 * Sends commands together.
 * @returns their replies in order
 * @throws the first failure, once all have settled
 */
async function send(link: ReconnectingLink, commands: readonly (readonly Argument[])[]): Promise<Reply[]> {
  const settled = await Promise.allSettled(commands.map((words) => link.request(words, {})));
  return settled.map((outcome) => {
    if (outcome.status === "rejected") throw outcome.reason;
    return outcome.value.reply;
  });
}
