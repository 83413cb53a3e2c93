/** Read-through caching in the client: `getOrSet`. */

import type { Random } from "../lib/random.ts";
import { ReplyError } from "../protocol/reply-value.ts";
import type { Key } from "./arguments.ts";
import type { Argument, Reply } from "./call.ts";
import { type As, decode, type Encoded, encode } from "./codec.ts";
import { isRead, verb } from "./commands.ts";
import { ClosedError, ConnectionLostError } from "./errors.ts";
import { Flight, keyName, type Landing, unlessAborted } from "./flight.ts";
import { leaseKeyOf } from "./lease-key.ts";
import { type Lease, LeaseStore } from "./lease-store.ts";
import type { NotStoredReason, ResolvedOptions } from "./options.ts";
import type { ReconnectingLink } from "./reconnecting-link.ts";
import type { StatsCounter } from "./stats.ts";

/** The argument of a loader. */
export interface LoadContext {
  /** Aborts when no caller waits for the value any more: all have cancelled, or the client was closed. */
  readonly signal: AbortSignal;
}

/** Loads the value of a key that has none. */
export type Loader = (context: LoadContext) => unknown;

export interface LoadSettings {
  readonly as: As;
  readonly ttlMs: number | undefined;
  readonly leaseMs: number;
  readonly waitMs: number;
  readonly timeoutMs: number;
}

const LONGEST_POLL_MS = 200;
const MOST_POLLS_A_SECOND = 1_000;

/** Commands that change keys which they do not name. */
const CHANGES_ANY: ReadonlySet<string> = new Set(
  "FLUSHALL FLUSHDB SWAPDB EVAL EVALSHA FCALL EXEC".split(" "),
);

/**
 * Loads keys that have no value. Callers in this process share one flight (single flight). Processes share one load
 * through a lease in the store, as memcache's clients do (Nishtala et al., NSDI 2013, section 3.2.1): the holder of
 * the lease loads. A value is stored only while its lease is held. A delete drops the lease first, so that a value
 * loaded before the delete is not stored after it.
 */
export class ReadThrough {
  readonly #link: ReconnectingLink;
  readonly #options: ResolvedOptions;
  readonly #stats: StatsCounter;
  readonly #leases: LeaseStore;
  /** The flights that further callers may join. */
  readonly #flights = new Map<string, Flight>();
  /** All flights. */
  readonly #running = new Set<Flight>();
  /** Number of flights that wait for another process. */
  #waitingCount = 0;
  #closing: Promise<void> | undefined;

  constructor(link: ReconnectingLink, stats: StatsCounter) {
    this.#link = link;
    this.#options = link.options;
    this.#stats = stats;
    this.#leases = new LeaseStore(link.options);
  }

  /**
   * Returns the value of a key that was found to have none.
   * @throws the errors of the loader; the signal's reason; the errors of `Client.request`
   */
  async load(
    key: Key,
    loader: Loader,
    settings: LoadSettings,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    if (this.#closing !== undefined) throw this.#closedError();
    const { as } = settings;
    const name = flightName(key, as);
    let flight = this.#flights.get(name);
    if (flight === undefined) {
      flight = this.#begin(name, key, loader, settings);
      flight.landing.then(
        ({ isLoaded }) => (isLoaded ? this.#stats.misses++ : this.#stats.coalesced++),
        () => this.#stats.misses++,
      );
    } else {
      this.#stats.coalesced++;
    }
    const { value } = await flight.join(signal);
    if (value === undefined) return undefined;
    // Each caller gets a value of its own, equal to the one that a later reader of the store gets.
    return typeof value === "string" ? decode(value, as) : value.slice();
  }

  /**
   * Called before a command is sent. A later caller that asks for a key which the command changes must not get a
   * value loaded before. So no caller joins that flight any more, and its lease is dropped before the command.
   */
  beforeCommand(words: readonly Argument[]): void {
    if (this.#flights.size === 0) return;
    const [first] = words;
    const name = typeof first === "string" || first instanceof Uint8Array ? verb(first) : "";
    if (isRead([name])) return;
    const changesAny = CHANGES_ANY.has(name);
    const changed = new Set(changesAny ? [] : words.slice(1).flatMap(wordName));
    for (const [flightName, flight] of this.#flights) {
      if (!changesAny && !changed.has(flight.keyName)) continue;
      this.#flights.delete(flightName);
      this.dropLease(flight.key);
    }
  }

  /** Takes the lease of a key from its holder, before the next command. */
  dropLease(key: Key): void {
    // This can fail because the user may not access leases, and so cannot hold one, or because the connection is
    // lost, which the command after it reports.
    this.#link.request(["DEL", leaseKeyOf(key)], {}).catch(() => {});
  }

  /** Gives loads in progress `graceMs` to end; then their waiters get the error that the client was closed. */
  close(graceMs: number): Promise<void> {
    this.#closing ??= this.#close(graceMs);
    return this.#closing;
  }

  async #close(graceMs: number): Promise<void> {
    const flights = [...this.#running];
    for (const flight of flights) if (!flight.isLoading) flight.giveUp(this.#closedError());
    if (flights.length > 0) {
      const all = Promise.allSettled(flights.map(({ landing }) => landing));
      let timer: ReturnType<typeof setTimeout> | undefined;
      const late = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, graceMs);
      });
      await Promise.race([all, late]);
      clearTimeout(timer);
      for (const flight of this.#running) flight.giveUp(this.#closedError());
    }
    this.#leases.close();
  }

  #begin(name: string, key: Key, loader: Loader, settings: LoadSettings): Flight {
    const flight = new Flight(key);
    this.#flights.set(name, flight);
    this.#running.add(flight);
    const left = () => {
      if (this.#flights.get(name) === flight) this.#flights.delete(name);
    };
    flight.signal.addEventListener("abort", left);
    flight.start(
      this.#fly(flight, loader, settings).finally(() => {
        left();
        this.#running.delete(flight);
      }),
    );
    return flight;
  }

  async #fly(flight: Flight, loader: Loader, settings: LoadSettings): Promise<Landing> {
    const { clock, random } = this.#options;
    const { key, signal } = flight;
    const lease: Lease = { key, leaseKey: leaseKeyOf(key), token: drawToken(random) };
    const wait = new Wait(clock.monotonicMs() + settings.waitMs);
    for (;;) {
      const claim = await this.#claimAgain(lease, settings);
      if (claim.value !== null || signal.aborted) {
        if (claim.isHeld) await this.#release(lease);
        signal.throwIfAborted();
        return { value: claim.value as Encoded, isLoaded: false };
      }
      if (claim.isHeld) return this.#loadUnderLease(flight, lease, loader, settings);
      if (claim.refusal !== undefined) {
        return this.#loadAlone(flight, loader, settings, "failed", claim.refusal);
      }
      if (clock.monotonicMs() >= wait.giveUpAtMs) {
        return this.#loadAlone(flight, loader, settings, "waited", undefined);
      }
      const value = await this.#awaitValue(flight, lease, claim.leaseLeftMs, wait, settings);
      if (value !== null) return { value, isLoaded: false };
    }
  }

  /**
   * Polls for the value that the lease's holder loads.
   * @returns null if the lease may be free: it was given back, has expired, or has another holder; or if `waitMs` is
   * over
   */
  async #awaitValue(
    flight: Flight,
    lease: Lease,
    leaseLeftMs: number,
    wait: Wait,
    settings: LoadSettings,
  ): Promise<Encoded | null> {
    const { clock, random } = this.#options;
    const nowMs = clock.monotonicMs();
    const freeAtMs = leaseLeftMs < 0 ? Number.POSITIVE_INFINITY : nowMs + leaseLeftMs + 1;
    const endMs = Math.min(freeAtMs, wait.giveUpAtMs);
    const { as, timeoutMs } = settings;
    let holder: string | undefined;
    for (;;) {
      const delayMs = pollDelayMs(wait.polls++, this.#waitingCount, random);
      this.#waitingCount++;
      try {
        await pause(Math.min(delayMs, Math.max(0, endMs - clock.monotonicMs())), flight.signal);
      } finally {
        this.#waitingCount--;
      }
      if (clock.monotonicMs() >= endMs) return null;
      const words = ["MGET", lease.key, lease.leaseKey];
      const { reply } = await this.#link.request(words, { timeoutMs, as });
      const [value, token] = reply as (Encoded | null)[];
      if (value !== null) return value!;
      const current = token === null ? "" : String(token);
      holder ??= current;
      if (current === "" || current !== holder) return null;
    }
  }

  /** Calls `#claim`, and once more if the connection is lost on the way, as with reads. */
  async #claimAgain(lease: Lease, settings: LoadSettings): Promise<Claim> {
    try {
      return await this.#claim(lease, settings);
    } catch (error) {
      if (!(error instanceof ConnectionLostError && this.#options.retryReads)) throw error;
      if (this.#options.reconnect === false || this.#closing !== undefined) throw error;
      // The lost request may have taken the lease; give it back, so that no caller waits for it.
      await this.#release(lease);
      return this.#claim(lease, settings);
    }
  }

  /**
   * Takes the lease if it is free, and then reads the value again. The read is sent after the reply to the SET:
   * 1. A caller finds no value.
   * 2. The holder stores the value and gives its lease back.
   * 3. The caller takes the free lease. Only a read after that shows that there is nothing left to load.
   *
   * If the read were sent together with the SET, it could share a proxy's reply to another client, from before 2.
   */
  async #claim(lease: Lease, { as, leaseMs, timeoutMs }: LoadSettings): Promise<Claim> {
    const ask = async (...words: Argument[]): Promise<Reply> =>
      (await this.#link.request(words, { timeoutMs, as })).reply;
    const [taken, left] = await Promise.allSettled([
      ask("SET", lease.leaseKey, lease.token, "NX", "PX", leaseMs),
      ask("PTTL", lease.leaseKey),
    ]);
    let refusal: ReplyError | undefined;
    if (taken.status === "rejected") {
      if (!(taken.reason instanceof ReplyError)) {
        // The request may have taken the lease.
        void this.#release(lease);
        throw taken.reason;
      }
      refusal = taken.reason;
    }
    const isHeld = taken.status === "fulfilled" && taken.value !== null;
    const leaseLeftMs = left.status === "fulfilled" ? (left.value as number) : -1;
    if (!isHeld) return { value: null, isHeld, refusal, leaseLeftMs };
    try {
      return { value: (await ask("GET", lease.key)) as Encoded | null, isHeld, refusal, leaseLeftMs };
    } catch (error) {
      await this.#release(lease);
      throw error;
    }
  }

  async #loadUnderLease(
    flight: Flight,
    lease: Lease,
    loader: Loader,
    settings: LoadSettings,
  ): Promise<Landing> {
    let value: Encoded | undefined;
    try {
      value = await this.#load(flight, loader, settings.as);
    } catch (error) {
      await this.#release(lease);
      throw error;
    }
    if (value === undefined) await this.#release(lease);
    else await this.#store(lease, value, settings.ttlMs);
    return { value, isLoaded: true };
  }

  /** Loads without a lease, so the value is not stored. */
  async #loadAlone(
    flight: Flight,
    loader: Loader,
    settings: LoadSettings,
    reason: NotStoredReason,
    error: Error | undefined,
  ): Promise<Landing> {
    const value = await this.#load(flight, loader, settings.as);
    if (value !== undefined) this.#notStored(flight.key, reason, error);
    return { value, isLoaded: true };
  }

  /** @returns undefined if the loader returned undefined */
  async #load(flight: Flight, loader: Loader, as: As): Promise<Encoded | undefined> {
    const { clock } = this.#options;
    const stats = this.#stats;
    const { signal } = flight;
    const startedMs = clock.monotonicMs();
    flight.isLoading = true;
    stats.loads++;
    try {
      const value = await unlessAborted((async () => loader({ signal }))(), signal);
      return value === undefined ? undefined : encode(value, as);
    } catch (error) {
      stats.loadFailures++;
      throw error;
    } finally {
      stats.loadTimes.add(clock.monotonicMs() - startedMs);
    }
  }

  async #store(lease: Lease, value: Encoded, ttlMs: number | undefined): Promise<void> {
    try {
      const outcome = await this.#leases.fill(lease, value, ttlMs);
      if (outcome !== "stored") this.#notStored(lease.key, outcome, undefined);
    } catch (error) {
      // The value is valid nevertheless.
      this.#notStored(lease.key, "failed", error as Error);
      if (error instanceof ReplyError) await this.#release(lease);
    }
  }

  /** Gives a lease back. If that fails, the lease expires. */
  async #release(lease: Lease): Promise<void> {
    await this.#leases.release(lease).catch(() => {});
  }

  #notStored(key: Key, reason: NotStoredReason, error: Error | undefined): void {
    this.#stats.notStored++;
    this.#options.onEvent({ type: "notStored", key, reason, ...(error === undefined ? {} : { error }) });
  }

  #closedError(): ClosedError {
    return new ClosedError(`the client of ${this.#link.address} was closed`);
  }
}

/** The time that a flight waits for other processes, and how often it has polled. */
class Wait {
  readonly giveUpAtMs: number;
  polls = 0;

  constructor(giveUpAtMs: number) {
    this.giveUpAtMs = giveUpAtMs;
  }
}

/** The result of asking for a lease. */
interface Claim {
  /** null if there is still none. */
  readonly value: Encoded | null;
  readonly isHeld: boolean;
  /** The store refuses leases: it is full or read only, or the user lacks the permission. */
  readonly refusal: ReplyError | undefined;
  /** Time until the present lease expires; negative if there is none, or one that does not expire. */
  readonly leaseLeftMs: number;
}

/** @throws the signal's reason */
function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout>;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, ms);
  });
  return unlessAborted(over, signal).finally(() => clearTimeout(timer));
}

/**
 * Returns the time to wait before polling again for another process's value: exponential back-off with a random half
 * left out, so that waiters spread. The more keys this process waits for, the less often it polls for each: a
 * thousand polls a second in all, roughly.
 * @param waitingCount number of keys that this process waits for
 */
export function pollDelayMs(poll: number, waitingCount: number, random: Random): number {
  const longestMs = Math.max(LONGEST_POLL_MS, (waitingCount / MOST_POLLS_A_SECOND) * 1000);
  const mostMs = Math.min(longestMs, (longestMs / 16) * 2 ** Math.min(poll, 31));
  return mostMs * (1 - random.next() / 2);
}

/** About a hundred random bits, so that no two holders have the same token. */
function drawToken(random: Random): string {
  return `${draw(random)}-${draw(random)}`;
}

function draw(random: Random): string {
  return Math.floor(random.next() * Number.MAX_SAFE_INTEGER).toString(36);
}

function wordName(word: Argument): string[] {
  return typeof word === "string" || word instanceof Uint8Array ? [keyName(word)] : [`t${word}`];
}

/** Callers that request different types of a value do not share a load. */
function flightName(key: Key, as: As): string {
  return `${as} ${keyName(key)}`;
}
