import type { Clock } from "../lib/clock.ts";
import { formatSize } from "../lib/quantity.ts";
import type { Pass } from "../sim/pass.ts";
import { shortTraceName } from "../sim/report/short-name.ts";

const LINE_EVERY_MS = 250;
/** An earlier estimate of the time left would be guesswork. */
const FIRST_ESTIMATE_MS = 1000;

/** A line on the terminal with the progress of a pass over a trace, and the time left. */
export class PassProgress {
  readonly #stream: NodeJS.WriteStream;
  readonly #clock: Clock;
  readonly #name: string;
  readonly #extent: number | undefined;
  #pass: Pass | undefined;
  #begunMs = 0;
  /** The most progress reported so far: the line never goes back. */
  #most = 0;
  #shownMs = Number.NEGATIVE_INFINITY;

  /**
   * @param stream a terminal
   * @param extent the whole amount of work, if known; if not, progress is in bytes
   */
  constructor(stream: NodeJS.WriteStream, clock: Clock, name: string, extent: number | undefined) {
    this.#stream = stream;
    this.#clock = clock;
    this.#name = name;
    this.#extent = extent;
  }

  update(pass: Pass, done: number): void {
    const now = this.#clock.monotonicMs();
    if (pass !== this.#pass) {
      this.#pass = pass;
      this.#begunMs = now;
      this.#most = 0;
    }
    this.#most = Math.max(this.#most, done);
    if (now - this.#shownMs < LINE_EVERY_MS) return;
    this.#shownMs = now;
    const howFar = describe(this.#most, this.#extent, now - this.#begunMs);
    // A terminal of unknown width reports 0.
    const room = (this.#stream.columns || 80) - 1;
    const name = shortTraceName(this.#name, room - `${pass} ${howFar}`.length);
    this.#stream.write(`\r\x1b[K${`${pass} ${name}${howFar}`.slice(0, room)}`);
  }

  /** Erases the line. */
  clear(): void {
    if (this.#shownMs > 0) this.#stream.write("\r\x1b[K");
  }
}

/** Returns ` 12%, 34 s left`, or ` 5.6 MB` for a stream, whose end is unknown. */
export function describe(done: number, extent: number | undefined, takenMs: number): string {
  if (extent === undefined) return ` ${formatSize(done)}`;
  if (extent <= 0) return "";
  const share = Math.min(1, done / extent);
  const percent = ` ${Math.floor(100 * share)}%`;
  if (takenMs < FIRST_ESTIMATE_MS || share === 0) return percent;
  return `${percent}, ${formatLeft((takenMs * (1 - share)) / share / 1000)} left`;
}

function formatLeft(seconds: number): string {
  if (seconds < 60) return `${Math.ceil(seconds)} s`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
