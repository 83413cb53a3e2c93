import type { Waits } from "../instruments/slow-log.ts";
import type { Connection } from "../net/connection.ts";
import type { Request } from "../protocol/protocol.ts";
import type { Exchange } from "./origin-meter.ts";
import type { ProxyStats } from "./proxy-stats.ts";
import { COALESCED } from "./request-results.ts";

/** What a request waits for behind the beginning of the origin's answer. */
export type Rest = "fence" | "transfer";

/** A client's request that waits for the origin. Counts and times it, and has it kept if it was slow. */
export class PendingRequest {
  readonly command: number;
  readonly #stats: ProxyStats;
  readonly #client: Connection;
  /** When the request came: monotonic, with its fraction. */
  readonly #arrivedMs: number;
  /** When its bytes were handed to the system; -1: the origin gave no answer, or another read had asked. */
  #sentMs = -1;
  #roundTripMs = 0;
  #rest: Rest | undefined;
  /** Its arguments: note[start, end); undefined: slow requests are not kept. */
  readonly #note: Uint8Array | undefined;
  readonly #start: number;
  readonly #end: number;

  /** @param name of the command, in lower case */
  constructor(stats: ProxyStats, client: Connection, request: Request, name: string) {
    const { slow } = stats;
    this.#stats = stats;
    this.#client = client;
    this.command = stats.requests.command;
    this.#arrivedMs = client.arrivedMs;
    const isNoted = slow.slowerThanMs !== Number.POSITIVE_INFINITY;
    if (isNoted) slow.note(request, name);
    this.#note = isNoted ? slow.bytes : undefined;
    this.#start = slow.start;
    this.#end = slow.end;
  }

  /**
   * The origin has answered, or begun to.
   * @param rest what is still to come, if anything
   */
  answered({ handedOverMs, roundTripMs }: Exchange, rest?: Rest): void {
    this.#sentMs = this.#sentMs < 0 ? handedOverMs : Math.min(this.#sentMs, handedOverMs);
    this.#roundTripMs = roundTripMs;
    this.#rest = rest;
  }

  /**
   * The client has its reply.
   * @param nowMs monotonic, with its fraction; when the origin's answer came, for a reply that is written at once
   */
  ended(result: number, nowMs: number = this.#stats.requests.exactMs()): void {
    const { requests, slow } = this.#stats;
    const durationMs = nowMs - this.#arrivedMs;
    requests.answered(result, this.command, durationMs);
    if (durationMs < slow.slowerThanMs || this.#note === undefined) return;
    const note = this.#note.subarray(this.#start, this.#end);
    slow.add(result, durationMs, this.#waits(result, durationMs), note, this.#client);
  }

  #waits(result: number, durationMs: number): Waits {
    const sinceSentMs = this.#sentMs < 0 ? 0 : this.#arrivedMs + durationMs - this.#sentMs;
    const originMs = this.#rest === undefined ? sinceSentMs : this.#roundTripMs;
    const restMs = sinceSentMs - originMs;
    return {
      originMs,
      otherReadMs: result === COALESCED ? durationMs : 0,
      transferMs: this.#rest === "transfer" ? restMs : 0,
      fenceMs: this.#rest === "fence" ? restMs : 0,
    };
  }
}
