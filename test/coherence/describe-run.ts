import { describeViolation } from "./check-history.ts";
import type { RunResult } from "./run.ts";

/** What a run was worth, and the first reads that broke a promise. */
export function describeRun(result: RunResult, seed: number): string {
  const { violations, history, recorder, faults, hits, misses, coalesced, discardedFills, audits } = result;
  const summary = [
    `seed ${seed}: ${recorder.readCount} reads (${recorder.failedReads} more failed)`,
    `writes: ${recorder.count("done")} done, ${recorder.count("failed")} failed, ${recorder.count("unknown")} unknown`,
    `proxies: ${hits} hits, ${misses} misses, ${coalesced} coalesced, ${discardedFills} fills discarded`,
    `audits: ${audits.right} right, ${audits.undecided} undecided, ${audits.skipped} skipped, ${audits.broken} broken`,
    `operations: ${JSON.stringify(recorder.tally())}`,
    `faults: ${faults.map(({ name, startMs, endMs }) => `${name} ${Math.round(startMs)}–${Math.round(endMs)}`).join(", ")}`,
  ].join("\n");
  if (violations.length === 0) return summary;
  const told = violations.slice(0, 2).map((violation) => describeViolation(violation, history));
  return `${violations.length} reads broke a promise\n${told.join("\n")}\n${summary}`;
}
