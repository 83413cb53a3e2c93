import { Worker } from "node:worker_threads";
import type { DemoLoadOptions } from "./demo-load.ts";
import type { FromLoad, LoadCounts, LoadPhase, ToLoad } from "./demo-load-messages.ts";

type ThreadOptions = Omit<DemoLoadOptions, "random"> & { readonly seed: number };

/** Runs the load on a thread of its own. */
export class LoadThread {
  counts: Readonly<LoadCounts> = { hits: 0, misses: 0, failures: 0 };
  /** The load's connections to the proxy. */
  readonly addresses = new Set<string>();
  /** The load's connections to the server. */
  readonly serverAddresses = new Set<string>();
  readonly #worker: Worker;
  readonly #filled = Promise.withResolvers<void>();
  readonly #connected = Promise.withResolvers<void>();
  readonly #begun = Promise.withResolvers<void>();
  #written = 0;
  #progress: (written: number) => void = () => {};

  constructor(options: ThreadOptions) {
    this.#worker = new Worker(new URL("./demo-load-worker.ts", import.meta.url), { workerData: options });
    this.#worker.on("message", (message: FromLoad) => this.#heard(message));
    this.#worker.on("error", (error) => this.#heard({ failure: String(error) }));
    // Awaiting these reports a failure; if nothing awaits them, it must not count as unhandled.
    for (const { promise } of this.#awaited) promise.catch(() => {});
  }

  /** Begins to write the keys. */
  fill(): void {
    this.#tell("fill");
  }

  /**
   * Resolves when all keys have been written.
   * @param progress called with the number of keys written
   */
  filled(progress: (written: number) => void): Promise<void> {
    progress(this.#written);
    this.#progress = progress;
    return this.#filled.promise;
  }

  connect(proxyPort: number): Promise<void> {
    this.#tell({ proxyPort });
    return this.#connected.promise;
  }

  enter(phase: LoadPhase): void {
    this.#tell(phase);
  }

  /** Resolves when the first request has been answered, or has failed. */
  get begun(): Promise<void> {
    return this.#begun.promise;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  get #awaited() {
    return [this.#filled, this.#connected, this.#begun];
  }

  #tell(message: ToLoad): void {
    this.#worker.postMessage(message);
  }

  #heard({ written, filled, address, serverAddress, connected, counts, failure }: FromLoad): void {
    if (written !== undefined) {
      this.#written = written;
      this.#progress(written);
    }
    if (filled) this.#filled.resolve();
    if (address !== undefined) this.addresses.add(address);
    if (serverAddress !== undefined) this.serverAddresses.add(serverAddress);
    if (connected) this.#connected.resolve();
    if (counts !== undefined) {
      this.counts = counts;
      if (counts.hits + counts.misses + counts.failures > 0) this.#begun.resolve();
    }
    if (failure === undefined) return;
    const error = new Error(`the load has failed: ${failure}`);
    for (const { reject } of this.#awaited) reject(error);
  }
}
