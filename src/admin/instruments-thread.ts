import { Worker } from "node:worker_threads";
import type { InstrumentsSource } from "../instruments/instruments-source.ts";
import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { ServerTls } from "../lib/tls.ts";
import type {
  AdminSettings,
  FromInstruments,
  InstrumentsFlags,
  InstrumentsStart,
  ToInstruments,
} from "./thread-messages.ts";

/** A running service that instruments read. */
export interface Observed {
  /** Read at each start: it tells the time. */
  readonly source: InstrumentsSource | undefined;
  /** Takes over the locks of a thread that has died, by its number. */
  recover(holder: number): void;
}

export interface InstrumentsThreadOptions {
  readonly observed: Observed;
  readonly settings: InstrumentsFlags;
  readonly admin: AdminSettings | undefined;
  readonly log: Log;
  /** The module that the thread runs. It is handed an `InstrumentsStart` and sends `FromInstruments`. */
  readonly worker: URL;
  readonly clock: Clock;
}

/** The least delay before a thread that died is started again; it doubles with each death in a row. */
const RESTART_DELAY_MS = 200;
const LONGEST_DELAY_MS = 30_000;
/** A thread that has run for so long has not died in a row. */
const STEADY_MS = 60_000;
/** How long the thread may take to end. */
const END_MS = 2000;
/** Numbers of holders of the store's locks, far above those of the service's own threads. */
const FIRST_HOLDER = 2 ** 20;

/** Runs the thread of the instruments, and starts it again when it dies. The service never waits for it. */
export class InstrumentsThread {
  /** The admin port; undefined: there is none. */
  port: number | undefined;
  /** How often the thread died and was started again. */
  restarts = 0;
  readonly #options: InstrumentsThreadOptions;
  #admin: AdminSettings | undefined;
  #worker: Worker | undefined;
  #holder = FIRST_HOLDER;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isClosing = false;
  #deathsInARow = 0;
  #startedMs = 0;

  private constructor(options: InstrumentsThreadOptions) {
    this.#options = options;
    this.#admin = options.admin;
  }

  /** Resolves when the thread runs; if its port is taken, it runs without one, and a warning says so. */
  static async start(options: InstrumentsThreadOptions): Promise<InstrumentsThread> {
    const thread = new InstrumentsThread(options);
    await thread.#run(false);
    return thread;
  }

  /** Ends the thread as a crash would. */
  async kill(): Promise<void> {
    await this.#worker?.terminate();
  }

  /** Uses another certificate on the admin port, if it speaks TLS. */
  replaceTls(settings: ServerTls): void {
    if (this.#admin?.tls === undefined) return;
    this.#admin = { ...this.#admin, tls: settings };
    this.#worker?.postMessage({ type: "tls", settings } satisfies ToInstruments);
  }

  async close(): Promise<void> {
    this.#isClosing = true;
    clearTimeout(this.#timer);
    const worker = this.#worker;
    if (worker === undefined) return;
    const ended = new Promise<void>((resolve) => worker.once("exit", () => resolve()));
    const timer = setTimeout(() => void worker.terminate(), END_MS);
    worker.postMessage({ type: "end" } satisfies ToInstruments);
    await ended;
    clearTimeout(timer);
  }

  #run(isRestart: boolean): Promise<void> {
    const admin = this.#admin;
    const { observed, settings, log, clock } = this.#options;
    const { source } = observed;
    if (source === undefined) throw new Error("the service has no memory for instruments");
    const holder = this.#holder++;
    const start: InstrumentsStart = { source, holder, settings, admin, isRestart };
    const worker = new Worker(this.#options.worker, { workerData: start });
    this.#worker = worker;
    this.#startedMs = clock.monotonicMs();
    // The service keeps the process alive, not the instruments.
    worker.unref();
    return new Promise((resolve, reject) => {
      worker.on("message", (message: FromInstruments) => {
        if (message.type === "ended") void worker.terminate();
        else if (message.type === "refused") {
          log.warn({ admin: "off" }, `${message.message}; the admin port is off`);
        } else {
          this.port = message.port;
          resolve();
        }
      });
      worker.on("error", (error) => {
        log.error(
          `the thread of the instruments failed: ${error instanceof Error ? error.stack : String(error)}`,
        );
      });
      worker.once("exit", () => {
        this.#worker = undefined;
        observed.recover(holder);
        reject(new Error("the thread of the instruments ended before it was ready"));
        if (!this.#isClosing) this.#replace();
      });
    });
  }

  #replace(): void {
    const { log, clock } = this.#options;
    this.restarts++;
    this.#deathsInARow = clock.monotonicMs() - this.#startedMs > STEADY_MS ? 1 : this.#deathsInARow + 1;
    const delayMs = Math.min(LONGEST_DELAY_MS, RESTART_DELAY_MS * 2 ** (this.#deathsInARow - 1));
    log.error(`the thread of the instruments has died; requests go on, it is started again in ${delayMs} ms`);
    // The port stays the same for those who know it.
    const admin = this.#admin;
    this.#admin = admin && { ...admin, port: this.port ?? admin.port };
    this.#timer = setTimeout(() => {
      this.#run(true).catch(() => {});
    }, delayMs);
    this.#timer.unref?.();
  }
}
