import { NOTE_BYTES, noteArguments, textNote } from "../commands/shown-arguments.ts";
import type { SlowLog, Waits } from "../instruments/slow-log.ts";
import type { Connection } from "../net/connection.ts";
import type { Request } from "../protocol/protocol.ts";
import { HIT } from "./request-results.ts";
import type { ProxySettings } from "./settings.ts";

const PIECE_BYTES = 64 * 1024;
const NO_WAITS: Waits = { originMs: 0, otherReadMs: 0, transferMs: 0, fenceMs: 0 };

export interface SlowRequestsOptions {
  readonly log: SlowLog;
  /** The number of this thread. */
  readonly index: number;
  readonly settings: Pick<ProxySettings, "slowerThanMs" | "slowRequests">;
  readonly wallMs: () => number;
}

/** Notes one thread's requests that wait for the origin, and keeps the slow ones. */
export class SlowRequests {
  /** Where the latest note lies: bytes[start, end). Nothing changes it. */
  bytes: Uint8Array = new Uint8Array(0);
  start = 0;
  end = 0;
  readonly #options: SlowRequestsOptions;

  constructor(options: SlowRequestsOptions) {
    this.#options = options;
  }

  get slowerThanMs(): number {
    return this.#options.settings.slowerThanMs;
  }

  /** Notes the arguments of a request in case it becomes slow. @param name of the command, in lower case */
  note(request: Request, name: string): void {
    if (this.end + NOTE_BYTES > this.bytes.length) {
      this.bytes = new Uint8Array(PIECE_BYTES);
      this.end = 0;
    }
    this.start = this.end;
    this.end = noteArguments(request, name, this.bytes, this.start);
  }

  /** Keeps a slow request. @param note its arguments, as `note` has written them */
  add(result: number, durationMs: number, waits: Waits, note: Uint8Array, client: Connection): void {
    const { remoteAddress, name } = client;
    this.#keep(result, durationMs, waits, note, remoteAddress, name);
  }

  /** A batch of requests has been timed that were answered from the cache. */
  batch(durationMs: number, count: number): void {
    if (durationMs < this.slowerThanMs) return;
    const note = textNote(`(a batch with ${count} requests answered from the cache)`);
    this.#keep(HIT, durationMs, NO_WAITS, note, "", "");
  }

  #keep(
    result: number,
    durationMs: number,
    waits: Waits,
    body: Uint8Array,
    clientAddress: string,
    clientName: string,
  ): void {
    const { log, index, settings, wallMs } = this.#options;
    const record = { ...waits, result, durationMs, endedAtMs: wallMs(), body, clientAddress, clientName };
    log.add(index, record, settings.slowRequests);
  }
}
