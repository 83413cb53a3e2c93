import type { CoherentCache } from "../coherence/coherent-cache.ts";
import type { ValueSink } from "../lib/byte-buffer.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import { FRESH } from "../store/freshness.ts";
import { ABSENT } from "../store/reading.ts";
import type { Store } from "../store/store.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { Origin } from "../upstream/origin.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import { type AuditAnswer, AuditQuestion } from "./audit-question.ts";
import { type AuditedRead, DigestingSink } from "./audited-read.ts";
import { BrokenPromiseLog } from "./broken-promise-log.ts";
import type { Fence } from "./fence.ts";
import type { Question } from "./question.ts";
import type { ThreadTable } from "./threads/thread-table.ts";

/**
 * How audits ended. `undecided`: nothing can be said, because the key or its neighbours were changed meanwhile, the
 * entry expired, or the origin had no value or did not answer. `skipped`: the origin was not asked.
 */
export interface AuditCounts {
  right: number;
  undecided: number;
  skipped: number;
  broken: number;
}

export interface AuditorOptions {
  readonly cache: CoherentCache<Store, Question>;
  readonly origin: Origin;
  readonly fence: Fence;
  readonly threads: ThreadTable;
  readonly counts: AuditCounts;
  readonly random: Random;
  readonly log: Log;
  /** The time base of the cache. */
  readonly nowMs: () => number;
  /** The share of cached reads to audit, from 0 to 1. */
  readonly share: number;
}

/** The most audits under way. Further reads are not audited meanwhile. */
export const AUDITS_AT_ONCE = 256;
/** Origin and proxy have clocks of their own: near its expiry an entry proves nothing. */
const CLOCK_ALLOWANCE_MS = 100;

/**
 * Audits a share of the cached reads: once a read has been answered, the origin is asked for the same value past the
 * cache, over the main connection.
 *
 * The promise is that an entry is stale only until its invalidation arrives. So a value that differs proves nothing
 * by itself: its invalidation may be under way. Below, the cache serves V; its entry came over the connection of
 * thread B; this thread is A.
 *
 * 1. V is served under lease L. The key is written at the origin, which pushes an invalidation to B. A's audit brings
 *    another value before B has read the push. The write was executed before the audit's GET, so its push was sent
 *    before whatever B asks from now on. Hence the fence: a round trip on every thread's connection, begun when the
 *    answer has come. Behind it, B has read the push, and the lease is no longer L.
 * 2. A client writes through this proxy. The write changes the lease when it is sent. A fill under way may still store
 *    the old value, under the new lease L, before the origin executes the write. Then the write's own push reaches the
 *    thread that filled, as in 1.
 * 3. The key is invalidated between the read and the look at its lease. L would then be the lease behind the
 *    invalidation, and would hold for ever. So the lease is taken before the read. If it changes in between, the audit
 *    is undecided.
 * 4. B's connection or B itself ends before the push has come. Everything B fetched goes by a new epoch, before any
 *    fence that waits for B passes. So the epoch must be that of the read. The same holds where B does not answer in
 *    time: the fence gives up, and drops everything.
 * 5. The origin refuses to send invalidations to one of the threads. Its entries live for `--ttl`, and no push is
 *    promised. Then no audit has a verdict. A thread that gets invalidations vouches for its entries up to some time;
 *    a thread that does not depend on them, or has no connection, has no such time. Either change brings a new epoch.
 * 6. The entry has expired when the fence has passed: the difference may come from that. The entry expires no later
 *    than the original, but by another clock.
 *
 * If behind the fence lease and epoch are those of the read, and the entry has not expired, then the origin (or
 * something between) has lost an invalidation, or the proxy has a bug: a promise is broken. The key is dropped from the
 * cache, and logged.
 *
 * Many keys share a lease. A change of another key can leave an audit undecided, but cannot make it wrong.
 *
 * The audit's GET tracks the key for A, too. The next change of the key is then pushed to A as well as to B. A push too
 * many is harmless: it removes an entry, or voids a fill that is older than the change. The audit is no fill: nobody
 * joins it, it opens no lease, and its answer is dropped.
 */
export class Auditor {
  readonly #options: AuditorOptions;
  readonly #brokenLog: BrokenPromiseLog;
  /** Audits that have not ended. */
  #underWay = 0;
  /** Reads of this turn of the event loop, whose clients have not been answered yet. */
  #answering: AuditedRead[] = [];

  constructor(options: AuditorOptions) {
    this.#options = options;
    this.#brokenLog = new BrokenPromiseLog(options.log, options.nowMs);
  }

  /** The share of cached reads to audit. While it is 0, reads need not come by. */
  get share(): number {
    return this.#options.share;
  }

  /** Reads an entry as `Store.read` does, and audits some of the reads. */
  read(key: KeyRef, question: Question, sink: ValueSink, nowMs: number): number {
    const { cache, counts, random } = this.#options;
    const { store } = cache;
    if (random.next() >= this.share) return store.read(key, nowMs, sink, FRESH, question);
    // Interleaving 3: before the read.
    const lease = store.lease(key.hash);
    const epoch = store.epochOf(key);
    const digesting = new DigestingSink(sink);
    const valueBytes = store.read(key, nowMs, digesting, FRESH, question);
    if (valueBytes === ABSENT) return ABSENT;
    const { digest } = digesting;
    if (digest === undefined || valueBytes >= LARGE_BYTES || this.#underWay >= AUDITS_AT_ONCE) {
      counts.skipped++;
      return valueBytes;
    }
    const entry = store.peek(key, nowMs, FRESH, question);
    if (entry === undefined) {
      // It has just been evicted or invalidated.
      counts.undecided++;
      return valueBytes;
    }
    const { expiresAtMs } = entry;
    const kept = { key: key.copy(), question: question.kept() };
    this.#later({ ...kept, lease, epoch, expiresAtMs, valueBytes, digest });
    return valueBytes;
  }

  /** Asks the origin after the client has been answered. */
  #later(read: AuditedRead): void {
    this.#underWay++;
    this.#answering.push(read);
    if (this.#answering.length > 1) return;
    setImmediate(() => {
      const reads = this.#answering;
      this.#answering = [];
      for (const each of reads) this.#ask(each);
    });
  }

  #ask(read: AuditedRead): void {
    let connection: UpstreamConnection;
    try {
      connection = this.#options.origin.nodeOf(read.key).main();
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      // It is down, or does not keep up.
      this.#end("skipped");
      return;
    }
    new AuditQuestion(read, (answer) => this.#answered(read, answer)).send(connection);
  }

  #answered(read: AuditedRead, answer: AuditAnswer): void {
    if (answer === "same") {
      this.#end("right");
    } else if (answer === "unknown" || !this.#isPromised(read)) {
      this.#end("undecided");
    } else {
      const { fence, origin } = this.#options;
      // The entry may have come from another node than the one that has the key now.
      fence.pass(origin, () => this.#judge(read));
    }
  }

  /** Judges a value that differs, behind the fence. */
  #judge(read: AuditedRead): void {
    if (!this.#isPromised(read)) {
      this.#end("undecided");
      return;
    }
    this.#end("broken");
    this.#brokenLog.add(read.key);
    this.#options.cache.invalidate(read.key, "reply");
  }

  /** Whether the cache would still serve what it served, relying on invalidations. */
  #isPromised(read: AuditedRead): boolean {
    const { cache, threads, nowMs } = this.#options;
    const { expiresAtMs } = read;
    const isExpired = expiresAtMs !== 0 && expiresAtMs <= nowMs() + CLOCK_ALLOWANCE_MS;
    return !isExpired && threads.allVouch && cache.holds(read.key, read);
  }

  #end(result: keyof AuditCounts): void {
    this.#underWay--;
    this.#options.counts[result]++;
  }
}
