import { type PolicyLook, policyLook } from "../what-if/policy-looks.ts";

interface TaughtPolicy {
  readonly title: string;
  readonly look: PolicyLook;
}

/** The policies that lessons speak of. Two that stand in one chart look different. */
const TAUGHT: Readonly<Record<string, TaughtPolicy>> = {
  fifo: { title: "FIFO", look: policyLook("other") },
  lru: { title: "LRU", look: policyLook("lru") },
  clock: { title: "CLOCK", look: policyLook("lirs") },
  "s3-fifo": { title: "S3-FIFO", look: policyLook("s3-fifo") },
  lfu: { title: "LFU", look: policyLook("sieve") },
  "lfu-da": { title: "LFU-DA", look: policyLook("s3-fifo") },
  "w-tinylfu": { title: "W-TinyLFU", look: policyLook("w-tinylfu") },
  "w-tinylfu-climb": { title: "W-TinyLFU, climbing", look: policyLook("2q") },
  // The optimum is no policy: it has no colour.
  belady: { title: "Belady", look: { ...policyLook("other"), colour: "--ink-soft", dash: "2 3" } },
};

/** @param policy its name, with or without parameters */
export function taught(policy: string): TaughtPolicy {
  return TAUGHT[policy.replace(/\(.*/, "")]!;
}
