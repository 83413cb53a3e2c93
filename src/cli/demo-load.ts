import { type Client, connect } from "../client/client.ts";
import { Histogram } from "../instruments/histogram.ts";
import type { Random } from "../lib/random.ts";
import { ZipfSampler } from "../sim/workload/zipf.ts";

export interface DemoLoadOptions {
  readonly port: number;
  readonly keys: number;
  readonly alpha: number;
  readonly valueBytes: number;
  readonly connections: number;
  readonly random: Random;
}

/** What the clients of the demo see: answers, where they came from, and how long they took (microseconds). */
export interface LoadCounts {
  hits: number;
  misses: number;
  failures: number;
  readonly hitMicros: Histogram;
  readonly missMicros: Histogram;
}

const KEYS_PER_WRITE = 500;

/** Clients that read keys of Zipf popularity through the proxy, each one request after the other. */
export class DemoLoad {
  readonly counts: LoadCounts = {
    hits: 0,
    misses: 0,
    failures: 0,
    hitMicros: new Histogram(),
    missMicros: new Histogram(),
  };
  readonly #options: DemoLoadOptions;
  readonly #sampler: ZipfSampler;
  #clients: Client[] = [];
  #running = false;

  constructor(options: DemoLoadOptions) {
    this.#options = options;
    this.#sampler = new ZipfSampler(options.keys, options.alpha, options.random);
  }

  /** Writes every key once. */
  async fill(): Promise<void> {
    const { keys, port, valueBytes } = this.#options;
    const value = "x".repeat(valueBytes);
    await using client = await connect({ port });
    for (let from = 1; from <= keys; from += KEYS_PER_WRITE) {
      const writes: Promise<unknown>[] = [];
      for (let rank = from; rank < from + KEYS_PER_WRITE && rank <= keys; rank++) {
        writes.push(client.put(keyOf(rank), value));
      }
      await Promise.all(writes);
    }
  }

  async start(): Promise<void> {
    const { connections, port } = this.#options;
    this.#clients = await Promise.all(Array.from({ length: connections }, () => connect({ port })));
    this.#running = true;
    for (const client of this.#clients) void this.#read(client);
  }

  async stop(): Promise<void> {
    this.#running = false;
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  async #read(client: Client): Promise<void> {
    const { counts } = this;
    while (this.#running) {
      const begun = performance.now();
      try {
        const { source } = await client.get(keyOf(this.#sampler.next()), { as: "bytes" });
        const micros = (performance.now() - begun) * 1000;
        if (source === "hit") {
          counts.hits++;
          counts.hitMicros.record(micros);
        } else {
          counts.misses++;
          counts.missMicros.record(micros);
        }
      } catch {
        if (this.#running) counts.failures++;
      }
    }
  }
}

function keyOf(rank: number): string {
  return `product:${rank}`;
}
