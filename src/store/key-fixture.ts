import { utf8 } from "../lib/bytes.ts";
import { KeyRef } from "../lib/key-ref.ts";
import type { Store } from "./store.ts";

/** Returns a key with its hash in this store. */
export function keyIn(store: Store, key: Uint8Array | string): KeyRef {
  const bytes = typeof key === "string" ? utf8(key) : key;
  return store.refer(new KeyRef(), bytes, 0, bytes.length);
}
