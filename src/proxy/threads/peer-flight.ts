import type { Flight } from "../../coherence/flight.ts";
import type { NoValue, Waiter } from "../../coherence/waiter.ts";
import type { LargeValue } from "../../lib/byte-buffer.ts";
import type { KeyRef } from "../../lib/key-ref.ts";
import type { Answer } from "./peers.ts";

/**
 * A key that another thread is asking the origin for. The reads that missed it here wait for that thread, then look
 * into the cache again. The only answer passed on is that the key does not exist, since the cache then has nothing.
 */
export class PeerFlight {
  readonly key: KeyRef;
  /** The key's lease when this thread began to wait. */
  readonly lease: number;
  readonly epoch: number;
  readonly waiters: Waiter[] = [];

  constructor(key: KeyRef, lease: number, epoch: number) {
    this.key = key;
    this.lease = lease;
    this.epoch = epoch;
  }
}

/** The answer that the flight has ended, or that there is none. */
export const LOOK_AGAIN: Answer = new Uint8Array(0);

/** Tells another thread how a flight ended. */
export class PeerWaiter implements Waiter {
  readonly #flight: Flight;
  readonly #then: (answer: Answer) => void;

  constructor(flight: Flight, then: (answer: Answer) => void) {
    this.#flight = flight;
    this.#then = then;
  }

  found(): void {
    this.#then(LOOK_AGAIN);
  }

  arriving(value: LargeValue): void {
    value.release();
  }

  arrived(): void {
    this.#then(LOOK_AGAIN);
  }

  without({ kind }: NoValue): void {
    const isMissing = kind === "missing";
    this.#then(isMissing ? new Uint8Array(new Float64Array([this.#flight.sentAtMs]).buffer) : LOOK_AGAIN);
  }
}

/** Returns when the origin was asked for a key that it turned out not to have; undefined for any other answer. */
export function missingSinceMs(answer: Answer): number | undefined {
  if (answer.length !== Float64Array.BYTES_PER_ELEMENT) return undefined;
  return new Float64Array(new Uint8Array(answer).buffer)[0];
}
