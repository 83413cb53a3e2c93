import { lru } from "./lru.ts";
import { type Model, testPolicy } from "./policy-conformance.ts";

class LruModel implements Model {
  #queue: number[] = [];

  miss(): void {}
  reweigh(): void {}

  hit(key: number): void {
    this.remove(key);
    this.#queue.push(key);
  }

  insert(key: number): void {
    this.#queue.push(key);
  }

  evict(): number {
    return this.#queue.shift() ?? 0;
  }

  remove(key: number): void {
    this.#queue = this.#queue.filter((other) => other !== key);
  }

  queueOf(): string {
    return "queue";
  }

  order(): number[] {
    return this.#queue;
  }
}

testPolicy(lru, () => new LruModel());
