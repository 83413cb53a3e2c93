/** What is counted over some stretch of a trace. Reads alone are requests. */
export interface Counts {
  requests: number;
  misses: number;
  bytesRequested: number;
  bytesMissed: number;
}

/** Which of a trace's records are counted, and in what pieces. */
export interface Counting {
  /** So many records at the beginning are replayed, but not counted. */
  readonly warmupRecords: number;
  /** Every so many records after the warm-up are counted by themselves as well; 0: no. */
  readonly windowRecords: number;
  /** Every family of keys is counted by itself as well. */
  readonly byFamily: boolean;
}

export function noCounts(): Counts {
  return { requests: 0, misses: 0, bytesRequested: 0, bytesMissed: 0 };
}

export function addCounts(to: Counts, other: Counts): void {
  to.requests += other.requests;
  to.misses += other.misses;
  to.bytesRequested += other.bytesRequested;
  to.bytesMissed += other.bytesMissed;
}
