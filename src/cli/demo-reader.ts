import { type Client, connect } from "../client/client.ts";
import { Histogram } from "../instruments/histogram.ts";
import type { DemoTraffic } from "./demo-traffic.ts";

/** A client beside the load that reads, waits, and reads again, so that its times are those of a single reader. */
export class LoneReader implements AsyncDisposable {
  readonly hitMicros = new Histogram();
  readonly missMicros = new Histogram();
  readonly #client: Client;
  readonly #traffic: DemoTraffic;
  readonly #pauseMs: number;
  #running = true;

  private constructor(client: Client, traffic: DemoTraffic, pauseMs: number) {
    this.#client = client;
    this.#traffic = traffic;
    this.#pauseMs = pauseMs;
  }

  /** @param pauseMs pause between two reads */
  static async start(port: number, traffic: DemoTraffic, pauseMs: number): Promise<LoneReader> {
    const client: Client = await connect({ port });
    await client.command("CLIENT", "SETNAME", "demo-reader");
    const reader = new LoneReader(client, traffic, pauseMs);
    void reader.#read();
    return reader;
  }

  async stop(): Promise<void> {
    this.#running = false;
    await this.#client.close(0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  async #read(): Promise<void> {
    while (this.#running) {
      const { family, number } = this.#traffic.next();
      const begun = performance.now();
      try {
        const { source } = await this.#client.get(family.key(number), { as: "bytes" });
        const micros = (performance.now() - begun) * 1000;
        (source === "hit" ? this.hitMicros : this.missMicros).record(micros);
      } catch {
        // The load counts failures.
      }
      await Bun.sleep(this.#pauseMs);
    }
  }
}
