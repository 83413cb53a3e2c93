import { utf8 } from "../../lib/bytes.ts";
import { EVENT_KEY_BYTES } from "../events/event-ring.ts";

/** What somebody watches. */
export interface WatchedPattern {
  readonly pattern: string;
  readonly bytes: Uint8Array;
  readonly isGlob: boolean;
  /** Events of its keys so far. */
  events: number;
}

/**
 * Reads a key's name or a glob. A name has none of `*`, `?`, `[` and `\`; in a glob, `\` makes the next character
 * literal.
 * @throws RangeError if it is empty or too long
 */
export function parseWatched(pattern: string): WatchedPattern {
  const bytes = utf8(pattern);
  if (bytes.length === 0) throw new RangeError("A pattern to watch must not be empty");
  if (bytes.length > EVENT_KEY_BYTES) {
    throw new RangeError(
      `A pattern to watch has at most ${EVENT_KEY_BYTES} bytes; this one has ${bytes.length.toLocaleString("en-US")}`,
    );
  }
  return { pattern, bytes, isGlob: /[*?[\\]/.test(pattern), events: 0 };
}
