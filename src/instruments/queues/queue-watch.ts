import type { Departure } from "../../store/departure-log.ts";
import { EXPIRED, FRESH, STALE } from "../../store/freshness.ts";
import type { QueuePlan, ReadMember, ReadQueue, Store } from "../../store/store.ts";
import { boundOf, samplePosition } from "../events/event-control.ts";
import { toldKey } from "../told-key.ts";
import type { LeftEntry, QueueMember, QueuesReport, ToldQueue } from "../view.ts";
import { KnownNames } from "./known-names.ts";
import { SteadyRatio } from "./steady-ratio.ts";

/** Members to be told, about. */
const ENTRIES = 120;
const GHOSTS = 60;
/** Of each queue, so many of those next to leave are told in any case. */
const NEAREST = 4;
/** Places looked at: what that takes is measured in docs/internals/instruments.md. */
const VISITS = 32_768;
/** How long after a look departures are noted for the next one, how many, and how long they are told. */
const NOTED_MS = 5000;
const NOTED = 200;
/** A change of the policy goes in steps, and a reading that one of them interrupts begins anew. */
const TRIES = 3;

/**
 * Looks into the policy's queues when somebody asks. Sampled members are told, chosen by the same measure as the keys
 * whose stories are kept. Costs nothing while nobody asks.
 */
export class QueueWatch {
  readonly #store: Store;
  readonly #names: KnownNames;
  readonly #ratios = { resident: new SteadyRatio(ENTRIES), ghost: new SteadyRatio(GHOSTS) };
  #lookedMs = Number.NEGATIVE_INFINITY;
  #shard = 0;
  #left: LeftEntry[] = [];

  /**
   * @param store is only looked at
   * @param nameOf returns a key's name by its hash, if it is known from elsewhere
   */
  constructor(store: Store, nameOf: (hash: number) => Uint8Array | undefined) {
    this.#store = store;
    this.#names = new KnownNames(nameOf);
  }

  /** An entry left the cache. */
  departed(departure: Departure): void {
    if (departure.atMs > this.#lookedMs + NOTED_MS) return;
    const { hash, atMs, cause, queue, reads, ageMs } = departure;
    const bound = boundOf(this.#ratios.resident.ratio);
    if (samplePosition(hash) >= bound || this.#store.shardOf(hash) !== this.#shard) return;
    const key = this.#names.of(hash);
    this.#left.push({
      ...{ id: idOf(hash), atMs, cause, reads, ageMs },
      ...(key === undefined ? {} : { key }),
      ...(queue === "" ? {} : { queue }),
    });
    if (this.#left.length > NOTED) this.#left.splice(0, this.#left.length - NOTED);
  }

  /** @throws RangeError if there is no such shard */
  report(shard: number, nowMs: number): QueuesReport {
    const { shards, policyName, capacity } = this.#store;
    if (shard >= shards) throw new RangeError(`shard must be from 0 to ${shards - 1}, and is ${shard}`);
    // What was noted long ago is not lately any more, and that of another shard is none of this one.
    if (shard !== this.#shard) this.#left = [];
    this.#left = this.#left.filter(({ atMs }) => atMs > nowMs - NOTED_MS);
    this.#shard = shard;
    this.#lookedMs = nowMs;
    const queues = this.#read(shard, nowMs);
    return {
      ...{ atMs: nowMs, policy: policyName, shard, shards, unit: capacity.unit },
      samplingRatio: this.#ratios.resident.ratio,
      ghostSamplingRatio: this.#ratios.ghost.ratio,
      queues: queues.map((queue) => this.#tell(queue, nowMs)),
      left: this.#left,
    };
  }

  #read(shard: number, nowMs: number): ReadQueue[] {
    const plan: QueuePlan = {
      visits: VISITS,
      nearest: NEAREST,
      positionOf: samplePosition,
      boundFor: (kind, walked) => boundOf(this.#ratios[kind].of(walked)),
    };
    for (let tries = 0; tries < TRIES; tries++) {
      const queues = this.#store.readQueues(shard, nowMs, plan);
      if (queues !== undefined) return queues;
    }
    return [];
  }

  #tell(queue: ReadQueue, nowMs: number): ToldQueue {
    const { length, members, ...rest } = queue;
    return {
      ...rest,
      ...(length === undefined ? {} : { length }),
      members: members.map((member) => this.#tellMember(member, length, nowMs)),
    };
  }

  #tellMember(member: ReadMember, length: number | undefined, nowMs: number): QueueMember {
    const { hash, fromExit, fromEntrance, isSampled, entry } = member;
    const counted = length === undefined ? 0 : length - fromEntrance + 1;
    const rank = fromExit > 0 ? fromExit : counted;
    const place = {
      ...(rank > 0 ? { rank } : {}),
      ...(length === undefined ? {} : { way: length < 2 ? 0 : Math.min(1, (rank - 1) / (length - 1)) }),
    };
    if (entry === undefined) {
      const known = this.#names.of(hash);
      return { id: idOf(hash), ...(known === undefined ? {} : { key: known }), ...place, isSampled };
    }
    const isCut = entry.key.length < entry.keyBytes;
    const key = toldKey(entry.key, isCut);
    if (isSampled) this.#names.note(hash, key);
    const { reads, valueBytes, chargedBytes, freshness, turn } = entry;
    return {
      ...{ id: idOf(hash), key, ...place, isSampled },
      ...(isCut ? { cutFromBytes: entry.keyBytes } : {}),
      entry: {
        ...{ reads, valueBytes, chargedBytes },
        ageMs: Math.max(0, nowMs - entry.filledAtMs),
        ttlMs: entry.expiresAtMs === 0 ? -1 : Math.max(0, entry.expiresAtMs - nowMs),
        ...(freshness === FRESH
          ? {}
          : { state: freshness === STALE ? "stale" : freshness === EXPIRED ? "expired" : "void" }),
        ...(turn === undefined ? {} : { turn }),
      },
    };
  }
}

function idOf(hash: number): string {
  return hash.toString(16).padStart(8, "0");
}
