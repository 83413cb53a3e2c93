import type { Timer, Timers } from "../lib/timers.ts";
import type { LineKind } from "../protocol/text-parser.ts";

/** A write of at most this many bytes fits into one TCP segment on any usual network. */
const SEGMENT_BYTES = 1_400;

/** The received part of a line whose line feed has not come. */
export interface UnendedLine {
  readonly kind: LineKind;
  readonly bytes: number;
  /** How many reads it took. */
  readonly reads: number;
  /** Whether the client is on this machine. */
  readonly isLocal: boolean;
}

/**
 * How many milliseconds of silence complete a request without a line feed; undefined: no silence does.
 *
 * Half of a write would store a wrong value or delete another key, so a write needs a silence longer than its second
 * half can take. On this machine no segment is lost, so a request comes in pieces only if the client writes pieces.
 * From elsewhere a piece can be late by a retransmission, or by Nagle's algorithm and a delayed acknowledgement (some
 * 200 ms each). So after the longer silence one segment counts as a whole request, and several segments never do.
 */
export function endingSilenceMs(
  { kind, bytes, reads, isLocal }: UnendedLine,
  limits: { readonly textSilenceMs: number; readonly textWriteSilenceMs: number },
): number | undefined {
  const { textSilenceMs } = limits;
  const textWriteSilenceMs = Math.max(limits.textWriteSilenceMs, textSilenceMs);
  switch (kind) {
    case "inline":
      return undefined;
    case "read":
      return textSilenceMs;
    case "write":
      if (isLocal) return reads === 1 ? textSilenceMs : textWriteSilenceMs;
      return reads === 1 && bytes <= SEGMENT_BYTES ? textWriteSilenceMs : undefined;
    default:
      // The line may be the beginning of a verb.
      return textWriteSilenceMs;
  }
}

/** Waits until a client has been silent for some time. */
export class Silence {
  readonly #timers: Timers;
  #timer: Timer | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Calls `fallen` after `ms`, unless `clear` or `await` is called before. */
  await(ms: number, fallen: () => void): void {
    this.clear();
    this.#timer = this.#timers.after(ms, () => {
      this.#timer = undefined;
      fallen();
    });
  }

  clear(): void {
    this.#timer?.stop();
    this.#timer = undefined;
  }
}
