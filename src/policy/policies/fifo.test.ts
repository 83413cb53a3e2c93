import { fifo } from "./fifo.ts";
import { type Model, testPolicy } from "./policy-conformance.ts";

class FifoModel implements Model {
  #queue: number[] = [];

  miss(): void {}
  hit(): void {}
  reweigh(): void {}

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

testPolicy(fifo, () => new FifoModel());
