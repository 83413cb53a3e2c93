import { BatchTimes } from "../instruments/batch-times.ts";
import type { Histogram } from "../instruments/histogram.ts";
import type { Random } from "../lib/random.ts";
import type { AuditCounts } from "./auditor.ts";
import { OriginMeter } from "./origin-meter.ts";
import type { HistogramName } from "./published-numbers.ts";
import { RequestMeter } from "./request-meter.ts";
import { SavedTime } from "./saved-time.ts";
import { SlowRequests, type SlowRequestsOptions } from "./slow-requests.ts";
import { noKeys, type WarmStats } from "./warm/warm-counts.ts";

/** The counters of one thread. They are plain numbers, so that counting is cheap, and never go back. */
export class ProxyStats {
  /** Keys answered from the cache. */
  hits = 0;
  /** Keys asked of the origin, including those that joined a request under way. */
  misses = 0;
  /** Misses that joined a request under way. */
  coalesced = 0;
  /** Values stored in the cache. */
  fills = 0;
  /** Values not stored: written meanwhile, channel lost, or no room. */
  discardedFills = 0;
  /** Values not stored because they are larger than the cache takes. */
  tooLargeFills = 0;
  /** Requests passed on to the origin, except cached reads. */
  forwarded = 0;
  /** Requests answered with an error because the origin did not answer. */
  originErrors = 0;
  /** Writes whose outcome is unknown. */
  unknownOutcomes = 0;
  /** Times that the channel for invalidations, and so everything cached, was lost. */
  channelLosses = 0;
  readonly audits: AuditCounts = { right: 0, undecided: 0, skipped: 0, broken: 0 };
  readonly warm: WarmStats = { counts: noKeys(), left: 0, writtenAtMs: 0, writtenKeys: 0, failures: 0 };
  readonly requests: RequestMeter;
  readonly hitTimes: BatchTimes;
  readonly slow: SlowRequests;
  readonly origin: OriginMeter;
  readonly savedTime = new SavedTime();
  readonly #missRoundTrips: Histogram;

  /** @param exactMs the clock of the connections, with its fraction */
  constructor(
    histogram: (name: HistogramName) => Histogram,
    exactMs: () => number,
    random: Random,
    slow: SlowRequestsOptions,
  ) {
    const times = {
      miss: histogram("missMicros"),
      coalesced: histogram("coalescedMicros"),
      forwarded: histogram("forwardedMicros"),
    };
    this.requests = new RequestMeter(times, exactMs);
    this.slow = new SlowRequests(slow);
    const timed = (durationMs: number, count: number): void => this.slow.batch(durationMs, count);
    this.hitTimes = new BatchTimes(histogram("hitMicros"), this.requests, random, timed);
    this.#missRoundTrips = histogram("missRoundTripMicros");
    this.origin = new OriginMeter(this.#missRoundTrips, histogram("otherRoundTripMicros"));
  }

  /** Counts what the hits since the last call have saved. @param otherwiseMs see `SavedTime` */
  countSavedTime(otherwiseMs: () => number): void {
    const { count, sum } = this.#missRoundTrips;
    this.savedTime.update(this.hits, count, sum / 1000, otherwiseMs);
  }
}
