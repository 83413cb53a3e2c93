import type { OriginFailure, Source, Waiter } from "../coherence/waiter.ts";
import type { LargeValue } from "../lib/byte-buffer.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import { usesHashSlots } from "../upstream/origin.ts";
import type { ProxyParts } from "./context.ts";
import { failureMessage, NOT_A_STRING } from "./forwarded-request.ts";
import type { PendingRequest } from "./pending-request.ts";
import type { ProxyStats } from "./proxy-stats.ts";
import { GET_QUESTION } from "./question.ts";
import { COALESCED, ERROR, MISS } from "./request-results.ts";

interface ManyValuesOptions {
  /** Whether values are shown with their sources. */
  readonly namesSources: boolean;
  /** Whether a key may be read from the cache. */
  readonly mayHit: (key: KeyRef) => boolean;
  /**
   * When the request came: the time that all requests of one batch are judged by. A later one must not find an entry
   * that this one has found to have expired.
   */
  readonly nowMs: number;
}

/**
 * An MGET: cached values are taken at once, and the origin is asked for the others. If an origin of one node answers
 * with an error, that is the reply. Of several nodes one may be out of reach: the error is then shown in place of each
 * of its keys' values, unless there is nothing else to show.
 */
export class ManyValues {
  readonly #proxy: ProxyParts;
  readonly #namesSources: boolean;
  readonly #mayHit: (key: KeyRef) => boolean;
  readonly #askedAtMs: number;
  readonly #values: (Uint8Array | LargeValue | null)[] = [];
  readonly #sources: (Source | "none")[] = [];
  readonly #missing: number[] = [];
  /** The errors of keys, by their places. */
  readonly #errors = new Map<number, string>();
  #hasFailed = false;
  #hasAsked = false;

  constructor(proxy: ProxyParts, request: Request, { namesSources, mayHit, nowMs }: ManyValuesOptions) {
    this.#proxy = proxy;
    this.#namesSources = namesSources;
    this.#mayHit = mayHit;
    this.#askedAtMs = nowMs;
    for (let index = 1; index < request.count; index++) {
      const key = proxy.keyOf(request, index);
      const value = mayHit(key) ? proxy.readThrough.get(key, GET_QUESTION, nowMs) : undefined;
      this.#values.push(value ?? null);
      this.#sources.push(value === undefined ? "none" : "hit");
      if (value === undefined) this.#missing.push(index);
    }
  }

  get isComplete(): boolean {
    return this.#missing.length === 0;
  }

  /** How the request ended, if it was not complete. */
  get result(): number {
    if (this.#hasFailed) return ERROR;
    return this.#hasAsked ? MISS : COALESCED;
  }

  /** The places of the keys that were not cached, counted from 1. */
  get missing(): readonly number[] {
    return this.#missing;
  }

  /**
   * Asks for the missing values; `then` is called once, when all have come.
   * @returns whether the client must wait (see `ReadThrough.load`)
   */
  load(request: Request, pending: PendingRequest, then: () => void): boolean {
    const { readThrough, stats } = this.#proxy;
    let awaitsPeer = false;
    let waiting = this.#missing.length;
    const asked = (waiter: Waiter): void => {
      if (waiter.isCoalesced === true) return;
      this.#hasAsked = true;
      pending.answered(stats.origin.latestMiss);
    };
    const done = (): void => {
      waiting--;
      if (waiting === 0) then();
    };
    for (const index of this.#missing) {
      const waiter: Waiter = {
        found: (bytes, start, end, source) => {
          this.#values[index - 1] = new Uint8Array(bytes.subarray(start, end));
          this.#sources[index - 1] = source;
          asked(waiter);
          done();
        },
        arriving: (value, source) => {
          this.#values[index - 1] = value;
          this.#sources[index - 1] = source;
          asked(waiter);
        },
        arrived: (error) => {
          if (error !== undefined) this.#fail(index, error, stats);
          done();
        },
        without: (reason) => {
          if (reason.kind === "failed") this.#fail(index, reason.error, stats);
          else asked(waiter);
          if (reason.kind === "odd") this.#errors.set(index - 1, NOT_A_STRING);
          // MGET answers null for a key that holds no string.
          else if (reason.kind === "refused" && !reason.isWrongType) {
            this.#errors.set(index - 1, reason.message);
          }
          done();
        },
      };
      const key = this.#proxy.keyOf(request, index);
      if (readThrough.load(key, GET_QUESTION, waiter, this.#mayHit(key), this.#askedAtMs)) awaitsPeer = true;
    }
    return awaitsPeer;
  }

  #fail(index: number, error: OriginFailure, stats: ProxyStats): void {
    this.#hasFailed = true;
    this.#errors.set(index - 1, failureMessage(error, false, stats));
  }

  /** Whether one of the values is large. They are then written to a ticket, which keeps them in order. */
  get hasLarge(): boolean {
    return this.#values.some(isLarge);
  }

  write(reply: ReplyWriter): void {
    const errors = this.#errors;
    const isOneForAll = !usesHashSlots(this.#proxy.origin) || errors.size === this.#values.length;
    if (errors.size > 0 && isOneForAll) {
      for (const value of this.#values) if (isLarge(value)) value.release();
      // The values come in any order, but the error is always the same key's.
      const [, first] = [...errors].reduce((least, one) => (one[0] < least[0] ? one : least));
      reply.error(first);
      return;
    }
    if (this.#namesSources && reply.version === 3) {
      reply.attribute(1);
      reply.bulkText("source");
      reply.array(this.#sources.length);
      for (const source of this.#sources) reply.bulkText(source);
    }
    reply.array(this.#values.length);
    for (let index = 0; index < this.#values.length; index++) {
      const value = this.#values[index]!;
      const error = errors.size === 0 ? undefined : errors.get(index);
      if (error !== undefined) {
        if (isLarge(value)) value.release();
        reply.error(error);
      } else if (value === null) reply.null();
      else if (isLarge(value)) reply.takeLarge!(value);
      else reply.bulk(value);
    }
  }
}

function isLarge(value: Uint8Array | LargeValue | null): value is LargeValue {
  return value !== null && !(value instanceof Uint8Array);
}
