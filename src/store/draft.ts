import { VALUE, type Variant } from "../coherence/variant.ts";
import { KeyRef } from "../lib/key-ref.ts";

const EMPTY = new Uint8Array(0);
const NO_KEY = new KeyRef();

/** An entry to be stored, as ranges of buffers. The object is reused. */
export class Draft {
  key: KeyRef = NO_KEY;
  variant: Variant = VALUE;
  value: Uint8Array = EMPTY;
  valueStart = 0;
  valueEnd = 0;
  /** Unix milliseconds, 0 for never. */
  expiresAtMs = 0;
  /** Until when it may be served stale after that; 0: not at all. */
  staleUntilMs = 0;
  /** Set by `storeDraft`: the length of the entry's header, if it has no extents. */
  headerBytes = 0;
  epoch = 0;
  nowMs = 0;
  /** Whether overwriting an entry counts as a use, as in a client's write. */
  touches = false;

  /** Describes an entry that has no variant, no grace, and touches nothing. */
  begin(
    key: KeyRef,
    value: Uint8Array,
    valueStart: number,
    valueEnd: number,
    expiresAtMs: number,
    epoch: number,
    nowMs: number,
  ): void {
    this.key = key;
    this.value = value;
    this.valueStart = valueStart;
    this.valueEnd = valueEnd;
    this.expiresAtMs = expiresAtMs;
    this.staleUntilMs = 0;
    this.epoch = epoch;
    this.nowMs = nowMs;
    this.touches = false;
  }

  /** Drops the references to the buffers. */
  clear(): void {
    this.key = NO_KEY;
    this.value = EMPTY;
    this.variant = VALUE;
  }
}
