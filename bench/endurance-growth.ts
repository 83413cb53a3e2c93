/** Resident memory after a number of requests. */
export interface Sample {
  readonly requests: number;
  readonly bytes: number;
}

/** Share of a run in which programs warm up: caches fill, buffers reach their sizes, code is compiled. */
const WARM_PART = 0.3;

/** Returns the median of each tenth of a run; the last sample ends the run. */
export function tenths(samples: readonly Sample[]): number[] {
  const total = samples.at(-1)!.requests;
  return Array.from({ length: 10 }, (_, index) => {
    const within = samples.filter(({ requests }) => Math.ceil((requests / total) * 10) === index + 1);
    const sorted = within.map(({ bytes }) => bytes).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  });
}

/** Fits a straight line (least squares) to all samples after the warm-up. */
export function growth(samples: readonly Sample[]): {
  readonly bytesPerMillion: number;
  /** The line's growth to the end, as a share of its beginning. */
  readonly share: number;
} {
  const total = samples.at(-1)!.requests;
  const warm = samples.filter(({ requests }) => requests > total * WARM_PART);
  const mean = (pick: (sample: Sample) => number): number =>
    warm.reduce((sum, sample) => sum + pick(sample), 0) / warm.length;
  const meanRequests = mean(({ requests }) => requests);
  const meanBytes = mean(({ bytes }) => bytes);
  const spread = mean(({ requests }) => (requests - meanRequests) ** 2);
  const together = mean(({ requests, bytes }) => (requests - meanRequests) * (bytes - meanBytes));
  const slope = together / spread;
  const from = meanBytes - slope * (meanRequests - total * WARM_PART);
  return { bytesPerMillion: slope * 1e6, share: (slope * total * (1 - WARM_PART)) / from };
}
