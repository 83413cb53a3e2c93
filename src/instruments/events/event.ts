import { completeTime } from "../../store/departure-log.ts";
import { HASH, IS_COUNTED, MISS, TIME, WORDS_OF } from "./event-kinds.ts";
import { EVENT_KEY_BYTES, type EventRing } from "./event-ring.ts";

/**
 * A record of a ring, as its readers see it. One object is reused for all records: it is valid during the call only.
 * `event-kinds.ts` says what the numbers mean.
 */
export class Event {
  kind = 0;
  flags = 0;
  /** Unsigned. */
  hash = 0;
  atMs = 0;
  /** Words 3 to 5. */
  detail = 0;
  second = 0;
  third = 0;
  /** The length of the key; 0 if the record does not tell it. */
  keyLength = 0;
  /** The key, cut to `EVENT_KEY_BYTES`: bytes[keyStart, keyEnd). Empty if the record has none. */
  bytes: Uint8Array = new Uint8Array(0);
  keyStart = 0;
  keyEnd = 0;

  read(ring: EventRing, at: number, nowMs: number): void {
    const { words } = ring;
    const kind = ring.kindAt(at);
    const length = WORDS_OF[kind]!;
    this.kind = kind;
    this.flags = ring.flagsAt(at);
    this.hash = words[at + HASH]! >>> 0;
    this.atMs = completeTime(words[at + TIME]!, nowMs);
    this.detail = length > 3 ? words[at + 3]! : 0;
    this.second = length > 4 ? words[at + 4]! : 0;
    this.third = length > 5 ? words[at + 5]! : 0;
    this.bytes = ring.bytes;
    this.keyLength = ring.keyLengthAt(at);
    this.keyStart = ring.keyStartAt(at, length);
    const isStored = kind === MISS || (this.flags & IS_COUNTED) !== 0;
    this.keyEnd = this.keyStart + (isStored ? Math.min(EVENT_KEY_BYTES, this.keyLength) : 0);
  }
}
