import { exactReader } from "../../lib/clock.ts";
import type { Log } from "../../lib/log.ts";
import { systemTimers } from "../../lib/timers.ts";
import type { ProxyParts } from "../context.ts";
import { KeySaver, type SavedFile } from "./key-saver.ts";
import { WarmFile } from "./warm-file.ts";
import { WarmFormatError, type WarmOrigin } from "./warm-format.ts";
import { Warming } from "./warming.ts";

/** How often is looked whether it is time to write the file. */
const CHECK_MS = 250;

/** What keeps the cache warm over restarts (`--warm`). */
export interface Warmth {
  /** Writes the file for the last time. The cache must still be what it was. */
  finish(): Promise<void>;
}

/**
 * Reads the keys of the file again, if there is one, and writes it from then on. One thread does it for all.
 * @returns undefined without `--warm`, and in the other threads
 */
export function keepWarm(proxy: ProxyParts, log: Log): Warmth | undefined {
  const { settings, index } = proxy;
  if (settings.warm === undefined || index !== 0) return undefined;
  return new FileWarmth(proxy, settings.warm, log);
}

class FileWarmth implements Warmth {
  readonly #proxy: ProxyParts;
  readonly #path: string;
  readonly #log: Log;
  readonly #starting: Promise<void>;
  #warming: Warming | undefined;
  #saver: KeySaver | undefined;
  #isEnding = false;
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor(proxy: ProxyParts, path: string, log: Log) {
    this.#proxy = proxy;
    this.#path = path;
    this.#log = log;
    this.#starting = this.#start();
  }

  async finish(): Promise<void> {
    this.#isEnding = true;
    await this.#starting;
    clearInterval(this.#timer);
    this.#warming?.stop();
    await this.#saver?.finish();
  }

  async #start(): Promise<void> {
    const { file, saved } = await this.#open();
    const { cache, nowMs, host, settings, stats, origin } = this.#proxy;
    const exactMs = exactReader(host.clock);
    const common = { store: cache.store, stats: stats.warm, log: this.#log, nowMs, exactMs };
    const saver = new KeySaver(
      {
        ...common,
        path: this.#path,
        origin: this.#ofOrigin,
        wallMs: () => host.clock.wallMs(),
        everyMs: () => settings.warmEveryMs,
      },
      saved,
    );
    this.#saver = saver;
    if (file !== undefined && !this.#isEnding) {
      const warming = new Warming({
        ...common,
        file,
        origin,
        readThrough: this.#proxy.readThrough,
        originMeter: stats.origin,
        timers: systemTimers,
        keysPerSecond: () => settings.warmRate,
      });
      this.#warming = warming;
      void warming.finished.then(() => {
        this.#warming = undefined;
        if (!this.#isEnding) saver.warmed();
      });
    }
    // The file stays as it is while its keys are read.
    this.#timer = setInterval(() => this.#warming ?? saver.check(), CHECK_MS);
    this.#timer.unref();
  }

  get #ofOrigin(): WarmOrigin {
    const { name, database } = this.#proxy.origin;
    return { origin: name, database };
  }

  /** Opens the file. Says so if there is one that cannot be used. */
  async #open(): Promise<{ readonly file: WarmFile | undefined; readonly saved: SavedFile }> {
    const path = this.#path;
    const unused = (problem: string): void => {
      this.#log.warn(
        `${path}: ${problem}: the cache starts cold, and the file will be kept as ${path}.unused`,
      );
    };
    try {
      const file = await WarmFile.open(path);
      if (file === undefined) {
        this.#log.info(`${path}: there is no such file yet: the cache starts cold`);
        return { file, saved: { keys: 0, isKept: false } };
      }
      const mine = this.#ofOrigin;
      const { origin, database } = file.origin;
      if (origin === mine.origin && database === mine.database) {
        this.#log.info(
          `warming: ${file.keys.toLocaleString("en")} keys of ${path} are read again from the origin${this.#pace}`,
        );
        return { file, saved: { keys: file.keys, isKept: false } };
      }
      await file.close();
      const name = `its keys are of origin ${origin}, database ${database}`;
      unused(`${name}, not of ${mine.origin}, database ${mine.database}`);
    } catch (error) {
      const { message } = error as Error;
      unused(error instanceof WarmFormatError ? message : `cannot be read: ${message}`);
    }
    return { file: undefined, saved: { keys: 0, isKept: true } };
  }

  get #pace(): string {
    const { warmRate } = this.#proxy.settings;
    return warmRate === 0 ? "" : `, at most ${warmRate.toLocaleString("en")} a second`;
  }
}
