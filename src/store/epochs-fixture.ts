import { EPOCH_BYTES, Epochs } from "./epochs.ts";

/** Returns epochs of a store of their own, in memory that threads can share. */
export function newEpochs(): Epochs {
  return new Epochs(new SharedArrayBuffer(EPOCH_BYTES), 0);
}
