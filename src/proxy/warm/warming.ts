import { MISSING, type NoValue, type Waiter } from "../../coherence/waiter.ts";
import type { LargeValue } from "../../lib/byte-buffer.ts";
import { KeyRef } from "../../lib/key-ref.ts";
import type { Log } from "../../lib/log.ts";
import type { Timer, Timers } from "../../lib/timers.ts";
import type { Store } from "../../store/store.ts";
import type { Origin } from "../../upstream/origin.ts";
import { UpstreamError } from "../../upstream/upstream-error.ts";
import type { Exchange, MissMeter, OriginMeter } from "../origin-meter.ts";
import type { ReadThrough } from "../read-through.ts";
import { noKeys, type WarmCounts, type WarmStats } from "./warm-counts.ts";
import type { WarmBlock, WarmFile } from "./warm-file.ts";
import type { WarmKey } from "./warm-format.ts";
import { WarmPace } from "./warm-pace.ts";

export interface WarmingOptions {
  readonly file: WarmFile;
  readonly store: Store;
  readonly origin: Origin;
  readonly readThrough: ReadThrough;
  readonly originMeter: OriginMeter;
  readonly stats: WarmStats;
  readonly timers: Timers;
  readonly log: Log;
  /** The time base of the cache. */
  readonly nowMs: () => number;
  /** The same with its fraction. */
  readonly exactMs: () => number;
  /** The most keys to read a second; 0: no limit. */
  readonly keysPerSecond: () => number;
}

const TICK_MS = 5;
/** The most keys that are asked, or given their places, in one tick: less than a millisecond's work. */
const KEYS_PER_TICK = 128;

/**
 * Reads the keys of a file from the origin, as clients would, those first that the policy would keep longest. So
 * nothing is cached that an invalidation would not reach. Then the entries get the places in the policy's order that
 * they had: read in this order, the most valuable ones would be the next victims.
 *
 * While the origin cannot be reached, or sends no invalidations, nothing is read. If everything cached is dropped
 * meanwhile, it begins anew. Keys are not read for a part of the cache that is full: they would evict others.
 */
export class Warming implements MissMeter {
  readonly #options: WarmingOptions;
  readonly #pace: WarmPace;
  readonly #timer: Timer;
  readonly #finished = Promise.withResolvers<void>();
  readonly #key = new KeyRef();
  #epochCount: number;
  /** The evictions of each shard at the beginning. */
  #evictions: readonly number[] = [];
  /** The block to be read next. */
  #block: number;
  #keys: readonly WarmKey[] = [];
  /** The place in the block: asking goes from its end to its beginning, placing the other way. */
  #at = 0;
  /** Reads on their way. */
  #underWay = 0;
  #counts: WarmCounts = noKeys();
  #isPlacing = false;
  #isBusy = false;
  #isOver = false;
  readonly #startedMs: number;

  constructor(options: WarmingOptions) {
    const { store, timers, file, keysPerSecond, nowMs } = options;
    this.#options = options;
    this.#startedMs = nowMs();
    this.#pace = new WarmPace(keysPerSecond, options.exactMs());
    this.#epochCount = store.epochCount;
    this.#block = file.blocks.length;
    this.#begin();
    this.#timer = timers.every(TICK_MS, () => this.#tick());
  }

  /** Settles when all keys have been read, or none can be any more. */
  get finished(): Promise<void> {
    return this.#finished.promise;
  }

  /** Reads no more. */
  stop(): void {
    this.#end();
  }

  // ---- as the meter of its questions

  missed(_isError: boolean, exchange: Exchange): void {
    this.#options.originMeter.warmed(exchange);
    this.#pace.answered(exchange.roundTripMs, this.#options.exactMs());
  }

  failed(): void {}

  // ---- reading

  #begin(): void {
    const { file, store, stats } = this.#options;
    this.#epochCount = store.epochCount;
    this.#evictions = Array.from({ length: store.shards }, (_, shard) => store.evictionsOf(shard));
    this.#block = file.blocks.length;
    this.#keys = [];
    this.#at = 0;
    this.#counts = noKeys();
    this.#isPlacing = false;
    stats.left = file.keys;
  }

  #tick(): void {
    if (this.#isBusy || this.#isOver) return;
    if (this.#options.store.epochCount !== this.#epochCount) this.#begin();
    if (this.#isPlacing) this.#place();
    else if (this.#mayAsk()) this.#ask();
  }

  #mayAsk(): boolean {
    const { origin } = this.#options;
    return origin.tracking === true && origin.linkStatus === "up";
  }

  #ask(): void {
    const { exactMs } = this.#options;
    const most = Math.min(
      KEYS_PER_TICK,
      this.#room(),
      this.#pace.allowance(exactMs(), this.#underWay, this.#outstanding()),
    );
    let asked = 0;
    // Keys that need not be asked for cost little, but not nothing.
    for (let seen = 0; asked < most && seen < KEYS_PER_TICK && this.#at > 0; seen++) {
      if (this.#askFor(this.#keys[--this.#at]!.key)) asked++;
    }
    this.#pace.asked(asked);
    if (this.#at > 0) return;
    if (this.#block > 0) void this.#load(--this.#block, "last");
    else if (this.#underWay === 0) this.#allRead();
  }

  /**
   * Returns how many entries have room, as far as is known: if none has, one is tried after the other until the first
   * one is evicted.
   */
  #room(): number {
    const { store } = this.#options;
    const free = Math.floor(store.capacity.entries - store.stats().entries);
    return Math.max(free, 1) - this.#underWay;
  }

  /** @returns whether the origin was asked */
  #askFor(bytes: Uint8Array): boolean {
    const { store, readThrough, stats, nowMs } = this.#options;
    const key = store.refer(this.#key, bytes, 0, bytes.length);
    stats.left--;
    const shard = store.shardOf(key.hash);
    if (store.evictionsOf(shard) !== this.#evictions[shard]) {
      this.#count("noRoom");
      return false;
    }
    this.#underWay++;
    const waiter = new WarmRead(bytes, (read, reason) => this.#answered(read, reason));
    if (readThrough.warm(key, waiter, this, nowMs())) return true;
    this.#underWay--;
    this.#count("present");
    return false;
  }

  #answered(read: Uint8Array, reason: NoValue | undefined): void {
    const { store, nowMs } = this.#options;
    this.#underWay--;
    if (reason === MISSING) this.#count("gone");
    else {
      const isThere = store.peek(store.refer(this.#key, read, 0, read.length), nowMs()) !== undefined;
      this.#count(isThere ? "restored" : "skipped");
    }
  }

  #count(result: keyof WarmCounts): void {
    this.#counts[result]++;
    this.#options.stats.counts[result]++;
  }

  /** Requests on their way to the origin. Where keys belong to several nodes, the one that has the most counts. */
  #outstanding(): number {
    const counts = this.#options.origin.nodes.map((node) => {
      try {
        return node.main().outstandingCount;
      } catch (error) {
        if (!(error instanceof UpstreamError)) throw error;
        return Number.POSITIVE_INFINITY;
      }
    });
    return Math.max(0, ...counts);
  }

  async #load(index: number, begins: "first" | "last"): Promise<void> {
    const block = this.#options.file.blocks[index]!;
    this.#isBusy = true;
    try {
      this.#keys = await this.#options.file.read(block);
      this.#at = begins === "first" ? 0 : this.#keys.length;
    } catch (error) {
      this.#options.log.warn(`warming ends: the file cannot be read any more: ${(error as Error).message}`);
      this.#end();
    } finally {
      this.#isBusy = false;
    }
  }

  // ---- placing

  #allRead(): void {
    const { log, nowMs } = this.#options;
    const { restored, present, gone, noRoom, skipped } = this.#counts;
    const others = [
      [present, "had been asked for by clients"],
      [gone, "are gone"],
      [noRoom, "have no room"],
      [skipped, "were skipped"],
    ] as const;
    log.info(
      `warmed: ${text(restored)} keys were read again in ${((nowMs() - this.#startedMs) / 1000).toFixed(1)} s` +
        others.flatMap(([count, what]) => (count === 0 ? [] : [`; ${text(count)} ${what}`])).join(""),
    );
    this.#isPlacing = true;
  }

  /** Gives entries their places, the next victims first. */
  #place(): void {
    const { file, store, nowMs } = this.#options;
    const block: WarmBlock | undefined = file.blocks[this.#block - 1];
    if (block !== undefined) {
      const count = this.#keys.length;
      const last = Math.min(count, this.#at + KEYS_PER_TICK);
      const now = nowMs();
      for (; this.#at < last; this.#at++) {
        const { key, reads } = this.#keys[this.#at]!;
        const rank =
          block.firstRank + ((block.lastRank - block.firstRank) * this.#at) / Math.max(1, count - 1);
        store.place(store.refer(this.#key, key, 0, key.length), rank, reads, now);
      }
      if (this.#at < count) return;
    }
    if (this.#block < file.blocks.length) void this.#load(this.#block++, "first");
    else this.#end();
  }

  #end(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#timer.stop();
    this.#options.stats.left = 0;
    void this.#options.file.close();
    this.#finished.resolve();
  }
}

/** A read that no client waits for. */
class WarmRead implements Waiter {
  readonly #key: Uint8Array;
  readonly #then: (key: Uint8Array, reason: NoValue | undefined) => void;

  constructor(key: Uint8Array, then: (key: Uint8Array, reason: NoValue | undefined) => void) {
    this.#key = key;
    this.#then = then;
  }

  found(): void {
    this.#then(this.#key, undefined);
  }

  without(reason: NoValue): void {
    this.#then(this.#key, reason);
  }

  /** The value grows in the cache whether it is read from here or not. */
  arriving(value: LargeValue): void {
    value.release();
  }

  arrived(): void {
    this.#then(this.#key, undefined);
  }
}

function text(count: number): string {
  return count.toLocaleString("en");
}
