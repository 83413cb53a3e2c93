import { SeededRandom } from "../../src/lib/random.ts";
import type { PolicyMemory } from "../../src/policy/policy.ts";
import { SimulatedCache } from "../../src/replay/simulated-cache.ts";
import { JudgedPolicy, judgedType, type WrittenClass } from "./judged-policy.ts";
import { expectSame, type VictimSink } from "./victims.ts";

/** Calls that are told. */
const TOLD = 12;

/** A trial in which a rule was broken. */
export class TrialFault {
  /** What was thrown. */
  readonly cause: unknown;
  /** The calls that led to it, the latest last. */
  readonly calls: readonly string[];

  constructor(cause: unknown, calls: readonly string[]) {
    this.cause = cause;
    this.calls = calls.length > TOLD ? ["…", ...calls.slice(-TOLD)] : calls;
  }
}

/**
 * @param number from 0 to below `TRIALS`
 * @param begin is called before each policy is made
 */
export function runTrial(written: WrittenClass, number: number, begin: () => void): TrialFault | undefined {
  const first: number[] = [];
  for (const isAgain of [false, true]) {
    const calls: string[] = [];
    let at = 0;
    const victims: VictimSink = {
      push(slot) {
        if (!isAgain) first.push(slot);
        else expectSame(first[at++], slot);
      },
    };
    try {
      begin();
      drive(written, number, victims, calls);
    } catch (error) {
      return new TrialFault(error, calls);
    }
  }
  return undefined;
}

function drive(written: WrittenClass, number: number, victims: VictimSink, calls: string[]): void {
  const random = new SeededRandom(number);
  const capacity = 1 + Math.floor(number / 10);
  const heaviest = number % 2 === 0 ? 1 : 3;
  const keys = 2 * capacity + 2;
  let policy: ToldPolicy | undefined;
  const cache = new SimulatedCache({
    policy: {
      type: judgedType((memory) => {
        policy = new ToldPolicy(written, memory, victims, calls);
        return policy;
      }),
      parameters: {},
    },
    ...{ capacity, unit: "bytes", maxEntries: capacity, seed: number },
  });
  cache.coverObjects(keys);
  const operations = 4 + 3 * number;
  for (let i = 0; i < operations; i++) {
    const object = 1 + Math.floor(random.next() ** 2 * keys);
    const weight = 1 + random.below(heaviest);
    const kind = random.below(12);
    const slot = cache.slotHolding(object);
    if (kind === 0) {
      if (slot !== 0) cache.remove(slot);
    } else if (kind === 1) {
      if (slot === 0) policy!.miss(object);
    } else if (kind === 2) {
      if (slot !== 0 && cache.weightOf![slot] !== weight) cache.reweigh(slot, weight);
    } else if (slot !== 0) policy!.hit(slot);
    else cache.admit(object, weight, Number.POSITIVE_INFINITY);
    policy!.check();
  }
  policy!.drain();
}

/** Writes down what a policy is told, and answers. */
class ToldPolicy extends JudgedPolicy {
  readonly #calls: string[];

  constructor(written: WrittenClass, memory: PolicyMemory, victims: VictimSink, calls: string[]) {
    super(written, memory, victims);
    this.#calls = calls;
  }

  override miss(hash: number): void {
    this.#calls.push(`miss(${hash})`);
    super.miss(hash);
  }

  override hit(slot: number): void {
    this.#calls.push(`hit(${slot})`);
    super.hit(slot);
  }

  override insert(slot: number, hash: number): void {
    this.#calls.push(`insert(${slot}, ${hash})`);
    super.insert(slot, hash);
  }

  override evict(incoming: number): number {
    this.#calls.push(`evict(${incoming})`);
    return super.evict(incoming);
  }

  override remove(slot: number): void {
    this.#calls.push(`remove(${slot})`);
    super.remove(slot);
  }

  override reweigh(slot: number, oldWeight: number, newWeight: number): void {
    this.#calls.push(`reweigh(${slot}, ${oldWeight}, ${newWeight})`);
    super.reweigh(slot, oldWeight, newWeight);
  }
}
