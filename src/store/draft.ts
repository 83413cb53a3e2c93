import { VALUE, type Variant } from "../coherence/variant.ts";
import { KeyRef } from "../lib/key-ref.ts";

const EMPTY = new Uint8Array(0);
const NO_KEY = new KeyRef();

/** An entry to be stored, as ranges of buffers; an object to be reused. */
export class Draft {
  key: KeyRef = NO_KEY;
  variant: Variant = VALUE;
  value: Uint8Array = EMPTY;
  valueStart = 0;
  valueEnd = 0;
  /** Unix milliseconds, 0 for never. */
  expiresAtMs = 0;
  /** Until when it may be served as stale after that, 0 for no grace. */
  staleUntilMs = 0;
  epoch = 0;
  nowMs = 0;
  /** Whether an overwritten entry counts as used, as in a write by a client. */
  touches = false;

  /** Lets go of the buffers. */
  clear(): void {
    this.key = NO_KEY;
    this.value = EMPTY;
    this.variant = VALUE;
  }
}
