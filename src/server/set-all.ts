import { NEVER, OutOfMemoryError, type StoredValue } from "../engine/engine.ts";
import type { Connection } from "../net/connection.ts";
import type { Request } from "../protocol/protocol.ts";
import type { Keyspace } from "./keyspace.ts";

/**
 * Sets the pairs of key and value in the arguments from 1 on: all of them or none. If the engine refuses one, the
 * pairs before it are taken back, so that nobody sees a part.
 * @throws OutOfMemoryError, TooLargeError or StorageError
 */
export function setAll(keyspace: Keyspace, request: Request, by: Connection): void {
  for (let index = 1; index < request.count; index += 2) {
    keyspace.checkKeyLength(request.length(index));
    keyspace.checkValueLength(request.length(index + 1));
  }
  const replaced: (StoredValue | undefined)[] = [];
  try {
    for (let index = 1; index < request.count; index += 2) {
      const old = keyspace.peek(request.view(index));
      keyspace.setArgument(request, index, index + 1, NEVER, by);
      replaced.push(old);
    }
  } catch (error) {
    if (error instanceof OutOfMemoryError) restore(keyspace, request, replaced, by);
    throw error;
  }
}

/** Takes back the first pairs, the last one first. Deletes all of them before it sets any, to make room. */
function restore(
  keyspace: Keyspace,
  request: Request,
  replaced: readonly (StoredValue | undefined)[],
  by: Connection,
): void {
  for (let pair = 0; pair < replaced.length; pair++) keyspace.delete(request.view(1 + pair * 2), by);
  for (let pair = replaced.length - 1; pair >= 0; pair--) {
    const key = request.view(1 + pair * 2);
    const old = replaced[pair];
    // A key that occurs twice has been replaced twice.
    if (old === undefined) keyspace.delete(key, by);
    else keyspace.set(key, old.value, old.expiresAtMs, by);
  }
}
