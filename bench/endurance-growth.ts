/** Resident memory after so many requests. */
export interface Sample {
  readonly requests: number;
  readonly bytes: number;
}

/** Until then programs are still warming up: caches fill, buffers find their size, code is compiled. */
const WARM_PART = 0.3;

/** The median of each tenth of a run, which is as long as its last sample says. */
export function tenths(samples: readonly Sample[]): number[] {
  const total = samples.at(-1)!.requests;
  return Array.from({ length: 10 }, (_, index) => {
    const within = samples.filter(({ requests }) => Math.ceil((requests / total) * 10) === index + 1);
    const sorted = within.map(({ bytes }) => bytes).sort((a, b) => a - b);
    return sorted[Math.floor(sorted.length / 2)] ?? 0;
  });
}

/** A straight line through everything after the warm-up (least squares). */
export function growth(samples: readonly Sample[]): {
  readonly bytesPerMillion: number;
  /** What the line gains until the end, as a share of where it begins. */
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
