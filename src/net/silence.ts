import type { Timer, Timers } from "../lib/timers.ts";
import type { LineKind } from "../protocol/text-parser.ts";

/** The most bytes of a write that one segment of TCP brings over any usual network. */
const SEGMENT_BYTES = 1_400;

/** A line of the text protocol that no line feed has ended, as far as it has come. */
export interface UnendedLine {
  readonly kind: LineKind;
  readonly bytes: number;
  /** In how many reads it came. */
  readonly reads: number;
  /** Whether the client is on this machine. */
  readonly isLocal: boolean;
}

/**
 * How long a silence ends a request without a line feed, in milliseconds; undefined: none does.
 *
 * A write that is cut in half stores a wrong value, or deletes another key, so it waits for longer than its second
 * half can take. On this machine no segment is lost, and only a client that writes in pieces sends pieces. From
 * elsewhere a piece can be late by a retransmission, or by Nagle's algorithm and a delayed acknowledgement (some
 * 200 ms each): one segment is taken for a whole request after a longer silence, and several never are.
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
      // It may be the beginning of a verb.
      return textWriteSilenceMs;
  }
}

/** Waits for a client to fall silent: one timer, started anew each time. */
export class Silence {
  readonly #timers: Timers;
  #timer: Timer | undefined;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Calls `fallen` unless `clear` or `await` comes first. */
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
