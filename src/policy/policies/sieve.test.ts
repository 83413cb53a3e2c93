import { type Model, testPolicy } from "./policy-conformance.ts";
import { sieve } from "./sieve.ts";

class SieveModel implements Model {
  /** Oldest first. */
  #queue: { key: number; visited: boolean }[] = [];
  /** The queue's length means: start again from the oldest. */
  #hand = 0;

  miss(): void {}
  reweigh(): void {}

  hit(key: number): void {
    this.#queue.find((entry) => entry.key === key)!.visited = true;
  }

  insert(key: number): void {
    const restarts = this.#hand === this.#queue.length;
    this.#queue.push({ key, visited: false });
    if (restarts) this.#hand = this.#queue.length;
  }

  evict(): number {
    if (this.#queue.length === 0) return 0;
    this.#hand %= this.#queue.length;
    while (this.#queue[this.#hand]!.visited) {
      this.#queue[this.#hand]!.visited = false;
      this.#hand = (this.#hand + 1) % this.#queue.length;
    }
    return this.#queue.splice(this.#hand, 1)[0]!.key;
  }

  remove(key: number): void {
    const at = this.#queue.findIndex((entry) => entry.key === key);
    this.#queue.splice(at, 1);
    if (at < this.#hand) this.#hand--;
  }

  queueOf(): string {
    return "queue";
  }

  order(): number[] {
    const keys = this.#queue.map((entry) => entry.key);
    return [...keys.slice(this.#hand), ...keys.slice(0, this.#hand)];
  }
}

testPolicy(sieve, () => new SieveModel());
