/** Counters of a service. They only grow. */
export interface Totals {
  readonly requestCount: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

const SAMPLES = 16;
/** A sample sooner than this after the last one is ignored. */
const LEAST_INTERVAL_MS = 90;

/** How fast the counters grew over the last 1.6 s: Redis's `instantaneous_…` fields. */
export class Throughput {
  readonly #requests = new Float64Array(SAMPLES);
  readonly #received = new Float64Array(SAMPLES);
  readonly #sent = new Float64Array(SAMPLES);
  #next = 0;
  #lastMs: number | undefined;
  #last: Totals = { requestCount: 0, bytesReceived: 0, bytesSent: 0 };

  get requestsPerSecond(): number {
    return mean(this.#requests);
  }

  get receivedBytesPerSecond(): number {
    return mean(this.#received);
  }

  get sentBytesPerSecond(): number {
    return mean(this.#sent);
  }

  /** Call it every 100 ms. @param nowMs monotonic */
  sample(nowMs: number, { requestCount, bytesReceived, bytesSent }: Totals): void {
    const elapsedMs = this.#lastMs === undefined ? Number.POSITIVE_INFINITY : nowMs - this.#lastMs;
    if (elapsedMs < LEAST_INTERVAL_MS) return;
    const perSecond = 1000 / elapsedMs;
    this.#requests[this.#next] = (requestCount - this.#last.requestCount) * perSecond;
    this.#received[this.#next] = (bytesReceived - this.#last.bytesReceived) * perSecond;
    this.#sent[this.#next] = (bytesSent - this.#last.bytesSent) * perSecond;
    this.#next = (this.#next + 1) % SAMPLES;
    this.#lastMs = nowMs;
    this.#last = { requestCount, bytesReceived, bytesSent };
  }

  /** Forgets the samples so far. */
  reset({ requestCount, bytesReceived, bytesSent }: Totals): void {
    this.#requests.fill(0);
    this.#received.fill(0);
    this.#sent.fill(0);
    this.#last = { requestCount, bytesReceived, bytesSent };
  }
}

function mean(samples: Float64Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample;
  return sum / samples.length;
}
