/** Counts over a part of a trace. Only reads are requests. */
export interface Counts {
  requests: number;
  misses: number;
  bytesRequested: number;
  bytesMissed: number;
}

/** Which records of a trace are counted, and how they are grouped. */
export interface Counting {
  /** Records at the beginning that are replayed but not counted. */
  readonly warmupRecords: number;
  /** Length of a window in records, after the warm-up; each window is also counted separately. 0: no windows. */
  readonly windowRecords: number;
  /** Whether misses are also counted for each family of keys. */
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
