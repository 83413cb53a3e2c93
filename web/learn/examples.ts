/** Policies to begin with. */
export interface Example {
  readonly name: string;
  readonly code: string;
}

const SIEVE = `// SIEVE (NSDI 2024). Entries stand in a ring in order of arrival.
// A hand walks from the oldest to the youngest: it passes over those
// that were read since its last visit, and evicts the first other one.
class Policy {
  constructor({ maxEntries }) {
    // By slot; 0 lies between the youngest and the oldest.
    this.younger = new Int32Array(maxEntries + 1);
    this.older = new Int32Array(maxEntries + 1);
    this.wasRead = new Uint8Array(maxEntries + 1);
    this.hand = 0;
  }

  // An entry was read.
  hit(slot) {
    this.wasRead[slot] = 1;
  }

  // An entry came in.
  insert(slot, hash) {
    this.wasRead[slot] = 0;
    this.link(this.older[0], slot);
    this.link(slot, 0);
  }

  // Room is needed: choose an entry that leaves.
  evict() {
    let slot = this.hand || this.younger[0];
    while (this.wasRead[slot]) {
      this.wasRead[slot] = 0;
      slot = this.younger[slot] || this.younger[0];
    }
    this.remove(slot);
    this.hand = this.younger[slot];
    return slot;
  }

  // An entry left for another reason: deleted, expired.
  remove(slot) {
    if (this.hand === slot) this.hand = this.younger[slot];
    this.link(this.older[slot], this.younger[slot]);
  }

  // For the picture: those next to leave come first.
  queues() {
    const first = this.hand || this.younger[0];
    const queue = [];
    for (let slot = first; slot !== 0; slot = this.younger[slot]) queue.push(slot);
    for (let slot = this.younger[0]; slot !== first; slot = this.younger[slot]) queue.push(slot);
    return { queue };
  }

  link(older, younger) {
    this.younger[older] = younger;
    this.older[younger] = older;
  }
}
`;

const SECOND_CHANCE = `// Second chance, or CLOCK: first in, first out, but an entry
// that was read goes round once more instead of leaving.
class Policy {
  // Slots in order of arrival, and whether each was read.
  wasRead = new Map();

  hit(slot) {
    this.wasRead.set(slot, true);
  }

  insert(slot, hash) {
    this.wasRead.set(slot, false);
  }

  evict() {
    for (const [slot, wasRead] of this.wasRead) {
      this.wasRead.delete(slot);
      if (!wasRead) return slot;
      this.wasRead.set(slot, false);
    }
    return 0;
  }

  remove(slot) {
    this.wasRead.delete(slot);
  }

  // For the picture: those next to leave come first.
  queues() {
    return { queue: [...this.wasRead.keys()] };
  }
}
`;

const GHOSTS = `// Two queues and ghosts. New entries stand in a small queue. The keys of
// those that leave it are remembered: one that comes back soon enters main.
class Policy {
  small = new Set();
  main = new Set();
  remembered = new Set();
  isBack = false;

  constructor({ capacity, hashOf }) {
    this.capacity = capacity;
    this.hashOf = hashOf;
  }

  // A key was asked for that is not here. It will come in, mostly.
  miss(hash) {
    this.isBack = this.remembered.delete(hash);
  }

  insert(slot, hash) {
    (this.isBack ? this.main : this.small).add(slot);
  }

  // Main is LRU: what is read goes to its end.
  hit(slot) {
    if (this.main.delete(slot)) this.main.add(slot);
  }

  evict() {
    const isSmallFull = this.small.size >= this.capacity / 4;
    const from = isSmallFull || this.main.size === 0 ? this.small : this.main;
    const [slot = 0] = from;
    from.delete(slot);
    if (from === this.small && slot !== 0) this.remember(this.hashOf(slot));
    return slot;
  }

  remove(slot) {
    this.small.delete(slot);
    this.main.delete(slot);
  }

  remember(hash) {
    this.remembered.add(hash);
    const [oldest] = this.remembered;
    if (this.remembered.size > this.capacity / 2) this.remembered.delete(oldest);
  }

  // For the picture: those next to leave come first.
  queues() {
    return { small: [...this.small], main: [...this.main] };
  }

  ghosts() {
    return [...this.remembered];
  }
}
`;

const EMPTY = `class Policy {
  // capacity: how much fits, in entries or bytes. maxEntries: how many entries at most.
  constructor({ capacity, maxEntries }) {}

  // An entry came in, in this slot: a whole number from 1.
  insert(slot, hash) {}

  // An entry was read.
  hit(slot) {}

  // Room is needed: return the slot of an entry that leaves. 0: there is none.
  evict(incoming) {
    return 0;
  }

  // An entry left for another reason: deleted, expired.
  remove(slot) {}
}
`;

export const EXAMPLES: readonly Example[] = [
  { name: "SIEVE", code: SIEVE },
  { name: "Second chance", code: SECOND_CHANCE },
  { name: "Two queues with ghosts", code: GHOSTS },
  { name: "Empty", code: EMPTY },
];
