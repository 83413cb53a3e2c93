import { lirs } from "./lirs.ts";
import { type Model, type ModelSetup, testPolicy } from "./policy-conformance.ts";

type Status = "lir" | "hir" | "evicted";

class LirsModel implements Model {
  readonly #setup: ModelSetup;
  /** Bottom first. */
  #stack: { key: number; status: Status; weight: number }[] = [];
  /** Resident keys with HIR status, oldest first. */
  #queue: number[] = [];
  /** Evicted keys in the stack, first eviction first. */
  #ghosts: number[] = [];
  #returning = 0;
  #evicting = false;
  #room: number;

  constructor(setup: ModelSetup) {
    this.#setup = setup;
    this.#room = setup.capacity;
  }

  miss(key: number): void {
    this.#returning = this.#ghosts.includes(key) ? key : 0;
    this.#unstack(this.#returning);
  }

  hit(key: number): void {
    const status = this.#stack.find((member) => member.key === key)?.status;
    this.#unstack(key);
    if (status !== undefined) {
      this.#queue = this.#queue.filter((other) => other !== key);
      this.#push(key, "lir");
    } else {
      this.#queue = [...this.#queue.filter((other) => other !== key), key];
      this.#push(key, "hir");
    }
    this.#rebalance();
  }

  insert(key: number): void {
    if (this.#returning === key || this.#lirWeight() + this.#setup.weigh(key) <= this.#lirShare()) {
      this.#push(key, "lir");
    } else {
      this.#queue.push(key);
      this.#push(key, "hir");
    }
    this.#returning = 0;
    this.#evicting = false;
    this.#rebalance();
  }

  evict(): number {
    if (!this.#evicting) {
      this.#evicting = true;
      const used = this.#queue.reduce((sum, key) => sum + this.#setup.weigh(key), this.#lirWeight());
      this.#room = used || this.#setup.capacity;
      this.#rebalance();
    }
    if (this.#queue.length === 0 && this.#stack.length > 0) this.#demote();
    const victim = this.#queue.shift();
    if (victim === undefined) return 0;
    const member = this.#stack.find(({ key }) => key === victim);
    if (member !== undefined) {
      member.status = "evicted";
      member.weight = this.#setup.weigh(victim);
      this.#ghosts.push(victim);
      const share = Math.floor(this.#setup.capacity * this.#setup.parameters["ghost"]!);
      if (member.weight > share) this.#unstack(victim);
      while (this.#ghostWeight() > share) this.#unstack(this.#ghosts[0]!);
    }
    return victim;
  }

  remove(key: number): void {
    this.#unstack(key);
    this.#queue = this.#queue.filter((other) => other !== key);
    this.#rebalance();
  }

  reweigh(): void {
    this.#rebalance();
  }

  queueOf(key: number): string {
    return this.#queue.includes(key) ? "hir" : "lir";
  }

  order(): number[] {
    return [...this.#queue, ...this.#stack.filter(({ status }) => status === "lir").map(({ key }) => key)];
  }

  #push(key: number, status: Status): void {
    if (status === "hir") {
      const { maxEntries, maxGhosts, parameters } = this.#setup;
      const ghosts = Math.min(maxGhosts, Math.ceil(maxEntries * parameters["ghost"]!));
      const most = ghosts + Math.ceil(maxEntries * parameters["hir"]!) + 1;
      const isFull = this.#stack.filter((member) => member.status !== "lir").length === most;
      if (this.#stack.length === 0 || (isFull && this.#ghosts.length === 0)) return;
      if (isFull) this.#unstack(this.#ghosts[0]!);
    }
    this.#stack.push({ key, status, weight: 0 });
  }

  #unstack(key: number): void {
    this.#stack = this.#stack.filter((member) => member.key !== key);
    this.#ghosts = this.#ghosts.filter((ghost) => ghost !== key);
  }

  /** Demotes LIR entries beyond their share, and prunes the stack. */
  #rebalance(): void {
    while (this.#lirWeight() > this.#lirShare()) this.#demote();
    while (this.#stack.length > 0 && this.#stack[0]!.status !== "lir") this.#unstack(this.#stack[0]!.key);
  }

  #demote(): void {
    this.#queue.push(this.#stack.shift()!.key);
    while (this.#stack.length > 0 && this.#stack[0]!.status !== "lir") this.#unstack(this.#stack[0]!.key);
  }

  #lirShare(): number {
    return Math.max(0, this.#room - Math.max(1, Math.floor(this.#room * this.#setup.parameters["hir"]!)));
  }

  #lirWeight(): number {
    const keys = this.#stack.filter(({ status }) => status === "lir");
    return keys.reduce((sum, { key }) => sum + this.#setup.weigh(key), 0);
  }

  #ghostWeight(): number {
    const ghosts = this.#stack.filter(({ status }) => status === "evicted");
    return ghosts.reduce((sum, { weight }) => sum + weight, 0);
  }
}

testPolicy(lirs, (setup) => new LirsModel(setup), {
  parameters: [
    { hir: 0.3, ghost: 0.5 },
    { hir: 0.1, ghost: 3 },
    { hir: 0.2, ghost: 0 },
  ],
});
