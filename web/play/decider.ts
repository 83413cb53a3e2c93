import { type PolicyChoice, parsePolicy } from "../../src/policy/registry.ts";
import { decidedPolicy } from "./decided-policy.ts";
import type { ShownQueues } from "./shown-queues.ts";

/** The name of the policy that is written in the page, where others have theirs. */
export const WRITTEN = "written";

/** What decides in a cache. */
export interface Decider {
  readonly choice: PolicyChoice;
  /** Requests up to which it decides; then the cache stands still. */
  readonly until: number;
  /** What it shows of its queues at a position, if that is known apart from `choice`. */
  shownAt?(at: number): ShownQueues | undefined;
}

/** The decisions that a written policy has made, and what it shows at the positions that were looked at last. */
export interface Decisions {
  readonly victims: Int32Array;
  /** Requests up to which it has decided. */
  readonly until: number;
  readonly shown: ReadonlyMap<number, ShownQueues>;
}

/** Nothing runs yet. */
const UNDECIDED: Decisions = { victims: new Int32Array(0), until: 0, shown: new Map() };

/** @throws RangeError for an unknown policy */
export function deciderOf(
  { policy }: { readonly policy: string },
  decisions: Decisions = UNDECIDED,
): Decider {
  if (policy !== WRITTEN) return { choice: parsePolicy(policy), until: Number.POSITIVE_INFINITY };
  const { victims, until, shown } = decisions;
  return {
    choice: { type: decidedPolicy(victims), parameters: {} },
    until,
    shownAt: (at) => shown.get(at),
  };
}

/** The name of a policy without its parameters. @throws RangeError for an unknown policy */
export function policyName(policy: string): string {
  return policy === WRITTEN ? WRITTEN : parsePolicy(policy).type.name;
}
