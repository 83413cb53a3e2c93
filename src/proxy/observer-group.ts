import type { KeyRef } from "../lib/key-ref.ts";
import type { RemovalCause } from "../store/removals.ts";
import type { CacheObserver } from "./cache-observer.ts";

/** Tells two observers. Only the second one's number stands for a read. */
export class ObserverGroup implements CacheObserver {
  readonly #first: CacheObserver;
  readonly #second: CacheObserver;
  readonly left?: (key: Uint8Array, cause: RemovalCause) => void;

  /** @param first an observer that does not number reads */
  constructor(first: CacheObserver, second: CacheObserver) {
    this.#first = first;
    this.#second = second;
    if (first.left !== undefined || second.left !== undefined) {
      this.left = (key, cause) => {
        first.left?.(key, cause);
        second.left?.(key, cause);
      };
    }
  }

  hit(key: KeyRef, valueBytes: number, nowMs: number): void {
    this.#first.hit(key, valueBytes, nowMs);
    this.#second.hit(key, valueBytes, nowMs);
  }

  missed(key: KeyRef, nowMs: number): number {
    this.#first.missed(key, nowMs);
    return this.#second.missed(key, nowMs);
  }

  coalesced(hash: number): void {
    this.#first.coalesced(hash);
    this.#second.coalesced(hash);
  }

  answered(hash: number, read: number, valueBytes: number, remainingMs: number): void {
    this.#first.answered(hash, read, valueBytes, remainingMs);
    this.#second.answered(hash, read, valueBytes, remainingMs);
  }

  filled(...event: Parameters<CacheObserver["filled"]>): void {
    this.#first.filled(...event);
    this.#second.filled(...event);
  }

  refused(...event: Parameters<CacheObserver["refused"]>): void {
    this.#first.refused(...event);
    this.#second.refused(...event);
  }

  wrote(key: KeyRef, removes: boolean, nowMs: number): void {
    this.#first.wrote(key, removes, nowMs);
    this.#second.wrote(key, removes, nowMs);
  }

  invalidated(...event: Parameters<CacheObserver["invalidated"]>): void {
    this.#first.invalidated(...event);
    this.#second.invalidated(...event);
  }

  invalidatedAll(slots?: readonly number[]): void {
    this.#first.invalidatedAll(slots);
    this.#second.invalidatedAll(slots);
  }
}
