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

/** Replies that the demo's clients have seen, by source. */
export interface LoadCounts {
  hits: number;
  misses: number;
  failures: number;
}

/** Messages to the load's thread, in this order. */
export type ToLoad = "fill" | "start" | "stop";

/** Messages from the load's thread. */
export interface FromLoad {
  /** Keys written so far. */
  readonly written?: number;
  readonly filled?: true;
  readonly counts?: Readonly<LoadCounts>;
  readonly stopped?: true;
  readonly failure?: string;
}

const KEYS_PER_WRITE = 500;

/** Clients that read keys of Zipf popularity through the proxy, each one request at a time. */
export class DemoLoad {
  readonly counts: LoadCounts = { hits: 0, misses: 0, failures: 0 };
  readonly #options: DemoLoadOptions;
  readonly #sampler: ZipfSampler;
  #clients: Client[] = [];
  #running = false;

  constructor(options: DemoLoadOptions) {
    this.#options = options;
    this.#sampler = new ZipfSampler(options.keys, options.alpha, options.random);
  }

  /**
   * Writes every key once.
   * @param progress called with the number of keys written
   */
  async fill(progress: (written: number) => void): Promise<void> {
    const { keys, port, valueBytes } = this.#options;
    const value = "x".repeat(valueBytes);
    await using client = await connect({ port, timeoutMs: 60_000 });
    for (let from = 1; from <= keys; from += KEYS_PER_WRITE) {
      const writes: Promise<unknown>[] = [];
      for (let rank = from; rank < from + KEYS_PER_WRITE && rank <= keys; rank++) {
        writes.push(client.put(keyOf(rank), value));
      }
      await Promise.all(writes);
      progress(Math.min(keys, from + KEYS_PER_WRITE - 1));
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
      try {
        const { source } = await client.get(keyOf(this.#sampler.next()), { as: "bytes" });
        if (source === "hit") counts.hits++;
        else counts.misses++;
      } catch {
        if (this.#running) counts.failures++;
      }
    }
  }
}

/** A client beside the load that reads, waits, and reads again, so that its times are those of a single reader. */
export class LoneReader {
  readonly hitMicros = new Histogram();
  readonly missMicros = new Histogram();
  readonly #client: Client;
  readonly #sampler: ZipfSampler;
  readonly #pauseMs: number;
  #running = true;

  private constructor(client: Client, sampler: ZipfSampler, pauseMs: number) {
    this.#client = client;
    this.#sampler = sampler;
    this.#pauseMs = pauseMs;
  }

  /** @param pauseMs pause between two reads */
  static async start(options: DemoLoadOptions, pauseMs: number): Promise<LoneReader> {
    const sampler = new ZipfSampler(options.keys, options.alpha, options.random);
    const reader = new LoneReader(await connect({ port: options.port }), sampler, pauseMs);
    void reader.#read();
    return reader;
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#client.close(0);
  }

  async #read(): Promise<void> {
    while (this.#running) {
      const begun = performance.now();
      try {
        const { source } = await this.#client.get(keyOf(this.#sampler.next()), { as: "bytes" });
        const micros = (performance.now() - begun) * 1000;
        (source === "hit" ? this.hitMicros : this.missMicros).record(micros);
      } catch {
        // The load counts failures.
      }
      await Bun.sleep(this.#pauseMs);
    }
  }
}

function keyOf(rank: number): string {
  return `product:${rank}`;
}
