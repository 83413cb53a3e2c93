/**
 * What the instruments tell: plain data that becomes JSON as it is. Times are Unix milliseconds, durations
 * milliseconds, sizes bytes, ratios from 0 to 1, rates per second, unless a name says otherwise.
 */

/** A key in JSON: as text if it is valid UTF-8, as base64 otherwise. */
export type ToldKey = { readonly text: string } | { readonly base64: string };

/** One figure with all its label values. */
export interface Metric {
  /** The name in Prometheus, such as `glasscache_requests_total`. */
  readonly name: string;
  readonly kind: "counter" | "gauge" | "histogram";
  /** One sentence: what it counts. */
  readonly help: string;
  readonly samples: readonly MetricSample[];
}

export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  /** Of a counter or a gauge; of a histogram, the number of values. */
  readonly value: number;
  readonly histogram?: ToldHistogram;
}

export interface ToldHistogram {
  readonly sum: number;
  /** Cumulative, by ascending upper bound; values above the last one are counted in `value` alone. */
  readonly buckets: readonly { readonly le: number; readonly count: number }[];
}

/** Whether the service works, for probes. Each problem is one plain sentence that says what to do. */
export interface HealthReport {
  /** The service's threads make progress. */
  readonly alive: boolean;
  /** It is alive, its origin (if any) can be reached and vouches for the cache, and it is not draining. */
  readonly ready: boolean;
  readonly problems: readonly string[];
}

/** Figures over time. All arrays have one element per step. */
/** A change that somebody made, or noted. */
export interface Mark {
  readonly atMs: number;
  readonly text: string;
}

export interface HistoryReport {
  readonly fromMs: number;
  readonly stepMs: number;
  /** By metric name and labels; `null` where nothing was measured. */
  readonly series: readonly {
    readonly name: string;
    readonly labels: Readonly<Record<string, string>>;
    /** A counter's growth per second, a gauge's value, a histogram's values of one share, as `quantile` names it. */
    readonly kind: "rate" | "gauge" | "quantile";
    readonly quantile?: number;
    readonly values: readonly (number | null)[];
  }[];
  /** Changes that somebody made, such as another policy. */
  readonly marks: readonly Mark[];
}

/** What keys are ordered by: `size` is that of the value, all others are amounts per second. */
export const HOT_BY = ["rate", "bytes", "misses", "origin-time", "size"] as const;
export type HotBy = (typeof HOT_BY)[number];

export interface HotKeysReport {
  readonly by: HotBy;
  readonly unit: "requests/s" | "bytes/s" | "misses/s" | "ms/s" | "bytes";
  /**
   * The largest first. The true figure lies between `amount − error − samplingError` and `amount + samplingError`.
   * All figures per second are averages that follow the present: what happened a half-life ago counts half.
   */
  readonly keys: readonly {
    /** A long key's beginning; a text then ends with "…". */
    readonly key: ToldKey;
    /** The key's length, if `key` is only its beginning. */
    readonly cutFromBytes?: number;
    readonly amount: number;
    /** The amount may include so much of other keys: all that happened before this key was noticed. */
    readonly error: number;
    /** Because only every n-th hit is seen; in 5 of 100 cases the true figure lies beyond. 0 if all were seen. */
    readonly samplingError: number;
    /** Since the key was noticed. */
    readonly hitRatio: number;
    /** Of the value last served. */
    readonly valueBytes: number;
  }[];
}

export interface FamiliesReport {
  /** Those with the most requests first; at the end all other ones together, if there are any. */
  readonly families: readonly {
    /** Such as `user:*:cart`, or `(others)`. */
    readonly name: string;
    readonly requestsPerSecond: number;
    readonly hitRatio: number;
    /** An estimate from the sampled keys. */
    readonly memoryBytes: number;
    /** An estimate from the sampled keys. */
    readonly entries: number;
    /** Of the values stored. */
    readonly meanValueBytes: number;
    /** The mean time to live at the fill, of those that have one; null: none has one. */
    readonly meanTtlMs: number | null;
    /** How long after the fill the last read came, at the 95th percentile of the entries that left. */
    readonly lastReadAfterMs: number | null;
    /** Entries that left per second, of all causes. */
    readonly churnPerSecond: number;
    /** A sentence of advice, if there is one. */
    readonly advice?: string;
  }[];
}

/** A key's story, the oldest event first. */
export interface BiographyReport {
  readonly key: ToldKey;
  readonly isSampled: boolean;
  readonly isWatched: boolean;
  /** The entry as it is now; undefined: not cached. */
  readonly present?: Readonly<Record<string, string | number | boolean>>;
  readonly events: readonly BiographyEvent[];
  /** Events before the first of these were forgotten. */
  readonly forgotten: number;
}

export interface BiographyEvent {
  readonly atMs: number;
  readonly what:
    | "hit"
    | "miss"
    | "coalesced"
    | "filled"
    | "refused"
    | "written"
    | "deleted"
    | "invalidated"
    | "expired"
    | "evicted"
    | "dropped";
  /** One plain sentence. */
  readonly text: string;
  readonly detail?: Readonly<Record<string, string | number>>;
}

export interface WatchReport {
  readonly limit: number;
  readonly patterns: readonly {
    readonly pattern: string;
    readonly isGlob: boolean;
    readonly events: number;
  }[];
  /** One sentence, if there are more keys that match than may be watched. */
  readonly note?: string;
}

export interface WhatIfPoint {
  readonly size: number;
  readonly unit: "bytes" | "entries";
  /** The size as a multiple of the present one. */
  readonly factor: number;
  readonly missRatio: number;
  /** Half the width of the interval that has the true miss ratio in 9 of 10 cases. */
  readonly error: number;
  /** The share of all keys that was simulated at this size. */
  readonly samplingRatio: number;
  readonly originRequestsPerSecond: number;
  readonly meanLatencyMs: number;
  /** Against the present cache; negative: that much more. */
  readonly originMsSavedPerSecond: number;
  /** Per month, if prices were given. */
  readonly costSavedPerMonth?: number;
}

export interface WhatIfReport {
  readonly present: {
    readonly policy: string;
    readonly size: number;
    readonly unit: "bytes" | "entries";
    readonly missRatio: number;
  };
  readonly sinceMs: number;
  readonly requests: number;
  readonly sampledRequests: number;
  /** The largest sampling ratio of all sizes. */
  readonly samplingRatio: number;
  readonly curves: readonly { readonly policy: string; readonly points: readonly WhatIfPoint[] }[];
  readonly optimum: readonly WhatIfPoint[];
}

/** The channels to the origin, one a thread: data and invalidations come over them. */
export interface ChannelsReport {
  /** How stale an answer can be at most; without invalidations, the time to live. */
  readonly boundMs: number;
  readonly channels: readonly ToldChannel[];
}

export interface ToldChannel {
  readonly thread: number;
  /** It is connected, and proven: nothing is served from what came over one that is not. */
  readonly isUp: boolean;
  /** How long ago the question was asked whose answer proved last that no invalidation is missing. */
  readonly silenceMs?: number;
  /** How long the last heartbeat took: an invalidation is under way for no longer than half of that. */
  readonly roundTripMs?: number;
  /** Invalidations that the origin has pushed, since the thread's start. */
  readonly pushes: number;
  /** How often it was lost, since the thread's start. */
  readonly losses: number;
}

/** Clients by name, summed over all threads. */
export interface ClientsReport {
  /** How many threads the service has, and how many of them have answered in time. */
  readonly threads: number;
  readonly answered: number;
  /** Those with the most requests per second first. */
  readonly clients: readonly ToldClients[];
  /** All further names and addresses together. */
  readonly others: {
    /** How many; a name that several threads left out counts for each. */
    readonly groups: number;
    readonly connections: number;
    readonly requests: number;
    readonly requestsPerSecond: number;
  };
}

/** The clients with one name, or those without a name at one address. */
export interface ToldClients {
  /** As CLIENT SETNAME has set it; its first 100 characters. */
  readonly name?: string;
  /** Of clients without a name: the address without the port. */
  readonly address?: string;
  /** Open connections. */
  readonly connections: number;
  /** What these connections have asked since they were opened. */
  readonly requests: number;
  /** Since somebody last asked; at first, since they were opened. */
  readonly requestsPerSecond: number;
}

/** The latest slow requests. */
export interface SlowRequestsReport {
  /** Requests that take as long or longer are kept; null: none are. */
  readonly slowerThanMs: number | null;
  /** How many are kept. */
  readonly limit: number;
  /** The newest first. */
  readonly requests: readonly ToldSlowRequest[];
}

export interface ToldSlowRequest {
  /** Counts up from 0 since the start. */
  readonly id: number;
  readonly endedAtMs: number;
  /** From the request's arrival to its reply, inside the service. */
  readonly durationMs: number;
  /** How it ended, as in `glasscache_requests_total`. */
  readonly result: string;
  /** Where the time went, in milliseconds; only what is not 0. */
  readonly waits: {
    /** Until the origin began to answer. */
    readonly origin?: number;
    /** For the answer to another read of the key. */
    readonly otherRead?: number;
    /** For the rest of a large value. */
    readonly transfer?: number;
    /** For invalidations that belong before the answer. */
    readonly fence?: number;
    /** The rest: inside the service, or for an answer that never came. */
    readonly other?: number;
  };
  /** The command and its arguments, cut as Redis cuts them in its slow log. */
  readonly arguments: readonly ToldKey[];
  /** Empty for a batch of requests. */
  readonly clientAddress: string;
  readonly clientName: string;
}

export interface ToldSetting {
  readonly name: string;
  readonly value: string;
  /** Whether `change` accepts it. */
  readonly changeable: boolean;
}

/** The policy's queues in one shard, with sampled members in their places. */
export interface QueuesReport {
  readonly atMs: number;
  readonly policy: string;
  /** Which shard, from 0, and how many there are. Each has queues of its own, and they are alike. */
  readonly shard: number;
  readonly shards: number;
  /** What weights and shares count. */
  readonly unit: "bytes" | "entries";
  /** The share of the entries that were walked by, and of the ghosts, that is told. The same keys each time. */
  readonly samplingRatio: number;
  readonly ghostSamplingRatio: number;
  /** In the order in which an entry passes through them. Empty if the policy was being changed. */
  readonly queues: readonly ToldQueue[];
  /** Sampled entries of this shard that left in the last seconds, the latest last. */
  readonly left: readonly LeftEntry[];
}

export interface ToldQueue {
  /** The policy's own term, as in biographies. */
  readonly name: string;
  /** Ghosts are keys without values. */
  readonly kind: "resident" | "ghost";
  /** Entries leave: in their order, where a hand points, by a figure, or at random. */
  readonly order: "line" | "hand" | "ranking" | "none";
  /** What comes in, and what happens at the exit. */
  readonly entrance: string;
  readonly exit: string;
  /** How many members there are; absent: too many to count. */
  readonly length?: number;
  readonly weight?: number;
  /** The weight that the policy aims at, or allows. */
  readonly share?: number;
  /** How many members were looked at: from the exit on, and from the entrance on. */
  readonly walkedFromExit: number;
  readonly walkedFromEntrance: number;
  /** Those next to leave first. */
  readonly members: readonly QueueMember[];
}

export interface QueueMember {
  /** The key's hash, as eight digits. */
  readonly id: string;
  /** Absent: a ghost whose name is not known. A long key's beginning; a text then ends with "…". */
  readonly key?: ToldKey;
  readonly cutFromBytes?: number;
  /** Its place: 1 is next to leave. Absent: it was counted from the entrance of a queue of unknown length. */
  readonly rank?: number;
  /** The share of the way from the exit, 0, to the entrance, 1. Absent: the length is not known. */
  readonly way?: number;
  /** Whether it is told because of its hash, and not only because it leaves soon. */
  readonly isSampled: boolean;
  /** Of an entry. */
  readonly entry?: {
    readonly reads: number;
    readonly valueBytes: number;
    readonly chargedBytes: number;
    readonly ageMs: number;
    /** −1: it has no expiry. */
    readonly ttlMs: number;
    /** Absent: it is served. `void`: a flush or a lost channel made it so. */
    readonly state?: "stale" | "expired" | "void";
    /**
     * The queue that it would go to if its turn came now; its own: it stays, or goes round once more. Empty: it would
     * leave, and be forgotten. Absent: that depends on other entries, too.
     */
    readonly turn?: string;
  };
}

export interface LeftEntry {
  readonly id: string;
  readonly key?: ToldKey;
  readonly atMs: number;
  readonly cause: "evicted" | "expired" | "removed";
  /** The queue that it was evicted from. */
  readonly queue?: string;
  readonly reads: number;
  readonly ageMs: number;
}

/** Everything that the instruments can be asked for. */
export interface InstrumentsView {
  readonly service: "proxy" | "server";
  health(): HealthReport;
  metrics(): readonly Metric[];
  history(fromMs: number, stepMs: number): HistoryReport;
  /**
   * Marks the present in the history.
   * @throws RangeError if the text is empty or too long
   */
  mark(text: string): void;
  hotKeys(by: HotBy, count: number): HotKeysReport;
  families(count: number): FamiliesReport;
  biography(key: Uint8Array): BiographyReport;
  /**
   * Reads the queues of a shard, which costs some milliseconds. undefined: there is no cache to look into
   * @throws RangeError if there is no such shard
   */
  queues(shard: number): QueuesReport | undefined;
  watched(): WatchReport;
  /** @throws RangeError if there are too many, or the pattern is too long */
  watch(pattern: string): void;
  unwatch(pattern: string): void;
  /** undefined: switched off, or nothing to simulate */
  whatIf(): WhatIfReport | undefined;
  resetWhatIf(): void;
  /** undefined: the service tells of them elsewhere */
  /** undefined: a server has none */
  channels(): ChannelsReport | undefined;
  clients(count: number): Promise<ClientsReport | undefined>;
  /** undefined: the service tells of them elsewhere */
  slowRequests(count: number): SlowRequestsReport | undefined;
  settings(): readonly ToldSetting[];
  /** @throws RangeError saying what is wrong */
  change(name: string, value: string): Promise<void>;
}
