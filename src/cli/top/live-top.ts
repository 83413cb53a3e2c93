import type { Clock } from "../../lib/clock.ts";
import type { Timer, Timers } from "../../lib/timers.ts";
import { CounterLog } from "./counter-log.ts";
import { NoAnswer, type Reader, type Readings } from "./readings.ts";
import { retryDelayMs, troubleText } from "./retry.ts";
import { type DrawnScreen, drawScreen, type ScreenSize, safeReadings } from "./top-screen.ts";
import { pressed, type TopState, wantedBy } from "./top-state.ts";
import type { TopStyle } from "./top-style.ts";

/** Where screens are drawn. */
interface Canvas {
  readonly size: ScreenSize;
  draw(lines: readonly string[]): void;
  forget(): void;
}

export interface LiveTopOptions {
  readonly address: string;
  readonly reader: Reader;
  readonly canvas: Canvas;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly style: TopStyle;
  readonly state: TopState;
  /** Gives the terminal back until the user continues the program. */
  readonly suspend?: () => void;
}

/** Reads, draws and obeys keys, until the user ends it. */
export class LiveTop {
  readonly #options: LiveTopOptions;
  readonly #log = new CounterLog();
  readonly #ending = new AbortController();
  readonly #ended = Promise.withResolvers<void>();
  #state: TopState;
  #readings: Readings;
  #extent: DrawnScreen["extent"] = { rows: 0, visible: 0 };
  #trouble: string | undefined;
  #failures = 0;
  #timer: Timer | undefined;
  #isReading = false;
  /** Whether to read again as soon as the present reading is over. */
  #isOutdated = false;

  /** @param first read already, so that there is something to draw */
  constructor(first: Readings, options: LiveTopOptions) {
    this.#options = options;
    this.#state = options.state;
    this.#readings = safeReadings(first);
    this.#log.add(this.#readings.counters.metrics, options.clock.monotonicMs());
  }

  /** @throws FailedError if asking again would not help */
  async run(): Promise<void> {
    this.draw();
    this.#schedule(this.#state.intervalMs);
    await this.#ended.promise;
  }

  end(): void {
    this.#timer?.stop();
    this.#ending.abort();
    this.#ended.resolve();
  }

  /** Ends with an error. */
  fail(error: unknown): void {
    this.#ended.reject(error);
    this.end();
  }

  press(key: string): void {
    this.#guarded(() => {
      const { state, effect } = pressed(this.#state, key, this.#extent);
      this.#state = state;
      if (effect === "end") return this.end();
      if (effect === "suspend") return this.#options.suspend?.();
      if (effect === "redraw") this.#options.canvas.forget();
      if (state.isPaused && effect !== "read") this.#timer?.stop();
      if (effect === "read") this.#readNow();
      this.#draw();
    });
  }

  /** Draws what is known, for a terminal that has changed. */
  draw(): void {
    this.#guarded(() => this.#draw());
  }

  #draw(): void {
    if (this.#ending.signal.aborted) return;
    const { address, canvas, style } = this.#options;
    const picture = {
      address,
      readings: this.#readings,
      log: this.#log,
      state: this.#state,
      trouble: this.#trouble,
    };
    const { lines, extent } = drawScreen(picture, canvas.size, style);
    this.#extent = extent;
    canvas.draw(lines);
  }

  #readNow(): void {
    this.#timer?.stop();
    if (this.#isReading) this.#isOutdated = true;
    else void this.#read();
  }

  async #read(): Promise<void> {
    const { reader, clock } = this.#options;
    this.#isReading = true;
    let delayMs = this.#state.intervalMs;
    try {
      const read = await reader.read(wantedBy(this.#state), this.#ending.signal);
      // Parts that were not asked for this time stay as they were.
      const safe = safeReadings(read);
      this.#readings = { ...this.#readings, ...safe, hot: { ...this.#readings.hot, ...safe.hot } };
      this.#log.add(this.#readings.counters.metrics, clock.monotonicMs());
      this.#failures = 0;
      this.#trouble = undefined;
      delayMs = this.#state.intervalMs;
    } catch (error) {
      if (this.#ending.signal.aborted) return;
      if (!(error instanceof NoAnswer)) {
        this.fail(error);
        return;
      }
      this.#failures++;
      delayMs = retryDelayMs(this.#failures, this.#state.intervalMs);
      this.#trouble = troubleText(error.message, delayMs);
    } finally {
      this.#isReading = false;
    }
    this.#guarded(() => {
      this.#draw();
      if (!this.#isOutdated) return this.#schedule(delayMs);
      this.#isOutdated = false;
      void this.#read();
    });
  }

  #schedule(delayMs: number): void {
    this.#timer?.stop();
    if (this.#state.isPaused || this.#ending.signal.aborted) return;
    this.#timer = this.#options.timers.after(delayMs, () => void this.#read());
  }

  /** An error of ours ends the program, too, after the terminal has been restored. */
  #guarded(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.fail(error);
    }
  }
}
