import { utf8 } from "../../lib/bytes.ts";
import type { KeyRef } from "../../lib/key-ref.ts";
import { type Departure, DepartureLog } from "../../store/departure-log.ts";
import { keyIn } from "../../store/key-fixture.ts";
import { Store } from "../../store/store.ts";
import { Event } from "../events/event.ts";
import { boundOf, EventControl, samplePosition } from "../events/event-control.ts";
import type { Refusal } from "../events/event-kinds.ts";
import { EventRing } from "../events/event-ring.ts";
import { EventWriter } from "../events/event-writer.ts";
import { WatchFilter } from "../events/watch-filter.ts";
import type { BiographyReport } from "../view.ts";
import { Biographies, type BiographyOptions } from "./biographies.ts";

export const START_MS = 1_700_000_000_000;
const RING_WORDS = 2 ** 18;
const LOG_RECORDS = 2 ** 16;

interface StageOptions {
  readonly policy?: string;
  readonly maxEntries?: number;
  readonly threads?: number;
  /** The share of keys that is sampled. */
  readonly ratio?: number;
  readonly ringWords?: number;
  readonly biographies?: BiographyOptions;
}

/** One thread of the proxy, as far as the instruments see it. */
interface Thread {
  readonly store: Store;
  readonly ring: EventRing;
  readonly log: DepartureLog;
  readonly writer: EventWriter;
  told: number;
  dropped: number;
}

interface Reader {
  event(event: Event): void;
  departed?(departure: Departure): void;
}

/** A real store, with the rings and logs of its threads, and a clock that stands until it is told to go on. */
export class Stage {
  nowMs = START_MS;
  readonly control = new EventControl(new SharedArrayBuffer(EventControl.BYTES), 0);
  readonly filter = new WatchFilter(new SharedArrayBuffer(WatchFilter.BYTES), 0);
  readonly biographies: Biographies;
  readonly threads: readonly Thread[];

  constructor(options: StageOptions = {}) {
    const { policy = "s3-fifo", maxEntries = 20, threads = 1 } = options;
    const store = Store.create({ budgetBytes: 2 ** 20, maxEntries, policy, seed: 1 });
    this.control.countEvery = 10;
    this.threads = Array.from({ length: threads }, (_, index) =>
      this.#thread(index === 0 ? store : Store.attach(store.handle, index + 1), options),
    );
    this.biographies = new Biographies({ logs: this.threads.map(({ log }) => log), ...options.biographies });
    this.sample(options.ratio ?? 1);
  }

  get store(): Store {
    return this.threads[0]!.store;
  }

  key(name: string | Uint8Array): KeyRef {
    return keyIn(this.store, name);
  }

  sample(ratio: number): void {
    this.control.bound = boundOf(ratio);
    this.biographies.follow(this.control.bound, this.nowMs);
  }

  watch(...names: string[]): void {
    const hashes = names.map((name) => this.key(name).hash);
    this.filter.set(hashes);
    this.biographies.watch(hashes);
  }

  pass(ms: number): void {
    this.nowMs += ms;
  }

  /** A read. After a miss the origin answers in 2 ms. @returns whether it was a hit */
  read(name: string | Uint8Array, { ttlMs = 0, thread = 0 } = {}): boolean {
    const { store, writer } = this.threads[thread]!;
    const key = keyIn(store, name);
    const value = store.get(key, this.nowMs);
    if (value !== undefined) {
      writer.hit(key, value.length, this.nowMs);
      return true;
    }
    writer.missed(key, this.nowMs);
    const sentAtMs = this.nowMs;
    this.pass(2);
    const expiresAtMs = ttlMs === 0 ? 0 : sentAtMs + ttlMs;
    const fill = { lease: store.lease(key.hash), epoch: store.epochOf(key) };
    store.fill(key, utf8("value"), 0, 5, expiresAtMs, fill, this.nowMs);
    writer.filled(key.hash, 5, expiresAtMs, sentAtMs);
    writer.answered(key.hash, 0, 5, ttlMs === 0 ? -1 : ttlMs);
    return false;
  }

  /** A read that misses, and is not stored. */
  refused(name: string, why: Refusal, thread = 0): void {
    const { writer } = this.threads[thread]!;
    const hash = writer.missed(this.key(name), this.nowMs) || this.key(name).hash;
    this.pass(2);
    writer.refused(hash, why);
  }

  /** A read that joins another one's flight. */
  coalesced(name: string, thread = 0): void {
    const { writer } = this.threads[thread]!;
    writer.missed(this.key(name), this.nowMs);
    writer.coalesced(this.key(name).hash);
  }

  push(name: string, thread = 0): void {
    const { store, writer } = this.threads[thread]!;
    writer.invalidated(keyIn(store, name), "push");
    store.invalidate(keyIn(store, name));
  }

  write(name: string, removes = false): void {
    const { store, writer } = this.threads[0]!;
    writer.invalidated(this.key(name), "write");
    store.invalidate(this.key(name));
    writer.wrote(this.key(name), removes);
  }

  /** Reads other keys, some of them several times, until this one leaves. */
  scan(name: string): void {
    const key = this.key(name);
    for (let i = 0; this.store.peek(key, this.nowMs) !== undefined; i++) {
      if (i > 10_000) throw new Error(`${this.store.policyName} does not evict ${name}`);
      this.pass(1);
      const other = `other ${i}`;
      for (let reads = 0; reads <= i % 8; reads++) this.read(other);
    }
  }

  /** Gives the instruments what the threads have written: one thread after another, the last ones first or last. */
  drain(order: readonly number[] = this.threads.map((_, index) => index), logFirst = false): void {
    for (const index of order) {
      const thread = this.threads[index]!;
      if (logFirst) this.#tellDepartures(thread, this.biographies);
      this.#tellEvents(thread, this.biographies);
      this.biographies.lost(thread.ring.dropped - thread.dropped, this.nowMs);
      thread.dropped = thread.ring.dropped;
      if (!logFirst) this.#tellDepartures(thread, this.biographies);
    }
  }

  /** As `drain`, for another reader. */
  tell(reader: Reader): void {
    for (const thread of this.threads) {
      this.#tellEvents(thread, reader);
      this.#tellDepartures(thread, reader);
    }
  }

  report(name: string | Uint8Array): BiographyReport {
    const { bytes, hash } = this.key(name);
    return this.biographies.report(bytes, hash, this.nowMs);
  }

  /** A key's story in lines: seconds since the start, and the sentence. */
  story(name: string | Uint8Array): string[] {
    return this.report(name).events.map(({ atMs, text }) => `${(atMs - START_MS) / 1000} ${text}`);
  }

  /** Names of keys, those with the lowest positions in samples first. */
  byPosition(names: readonly string[]): string[] {
    const positionOf = (name: string): number => samplePosition(this.key(name).hash);
    return names.toSorted((a, b) => positionOf(a) - positionOf(b));
  }

  #tellEvents({ ring }: Thread, reader: Reader): void {
    const event = new Event();
    ring.drain((at) => {
      event.read(ring, at, this.nowMs);
      reader.event(event);
    }, RING_WORDS);
  }

  #tellDepartures(thread: Thread, reader: Reader): void {
    for (; thread.told < thread.log.position; thread.told++) {
      reader.departed?.(thread.log.at(thread.told, this.nowMs)!);
    }
  }

  #thread(store: Store, { ringWords = RING_WORDS }: StageOptions): Thread {
    const nowMs = (): number => this.nowMs;
    const ring = new EventRing(new SharedArrayBuffer(EventRing.bytes(ringWords)), 0, ringWords);
    const log = new DepartureLog(
      new SharedArrayBuffer(DepartureLog.bytes(LOG_RECORDS)),
      0,
      LOG_RECORDS,
      nowMs,
    );
    store.departures = log;
    const writer = new EventWriter({ ring, control: this.control, filter: this.filter }, nowMs);
    return { store, ring, log, writer, told: 0, dropped: 0 };
  }
}
