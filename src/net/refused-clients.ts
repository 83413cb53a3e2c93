import { utf8 } from "../lib/bytes.ts";
import type { Wire } from "./wire.ts";

const REFUSAL = utf8("-ERR max number of clients reached\r\n");
/** So many may take their time to read why; those refused before them are cut off. Each has a file descriptor. */
const LINGERING_CLIENTS = 4;
/** How long they may take. */
const LINGER_MS = 1000;

/**
 * Clients beyond the limit: each is told so and closed. It goes by itself when it has read that; the few that do not
 * must not use up the file descriptors that are left.
 */
export class RefusedClients {
  readonly #lingering: { readonly wire: Wire; readonly sinceMs: number }[] = [];

  refuse(wire: Wire, nowMs: number): void {
    wire.write(REFUSAL, 0, REFUSAL.length);
    wire.end();
    this.#lingering.push({ wire, sinceMs: nowMs });
    if (this.#lingering.length > LINGERING_CLIENTS) this.#lingering.shift()!.wire.terminate();
  }

  /** Cuts off those that have had their time. */
  checkTimeouts(nowMs: number): void {
    while (this.#lingering.length > 0 && nowMs - this.#lingering[0]!.sinceMs >= LINGER_MS) {
      this.#lingering.shift()!.wire.terminate();
    }
  }
}
