import { utf8 } from "../lib/bytes.ts";
import type { Wire } from "./wire.ts";

export const TOO_MANY_CLIENTS: Uint8Array = utf8("-ERR max number of clients reached\r\n");
/** How many refused clients may stay connected to read the error. Each has a file descriptor. */
const LINGERING_CLIENTS = 4;
/** How long each may stay. */
const LINGER_MS = 1000;

/**
 * Clients that get no connection, because there are too many, or because they may not have one. Each gets an error.
 * Most then close their connection; the others are cut off, so that they do not use up the remaining file descriptors.
 */
export class RefusedClients {
  readonly #lingering: { readonly wire: Wire; readonly sinceMs: number }[] = [];

  refuse(wire: Wire, error: Uint8Array, nowMs: number): void {
    wire.write(error, 0, error.length);
    wire.end();
    this.#lingering.push({ wire, sinceMs: nowMs });
    if (this.#lingering.length > LINGERING_CLIENTS) this.#lingering.shift()!.wire.terminate();
  }

  /** Cuts off clients that have stayed too long. */
  checkTimeouts(nowMs: number): void {
    while (this.#lingering.length > 0 && nowMs - this.#lingering[0]!.sinceMs >= LINGER_MS) {
      this.#lingering.shift()!.wire.terminate();
    }
  }
}
