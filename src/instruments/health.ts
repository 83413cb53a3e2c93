import type { ThreadBeats, ThreadState } from "./thread-beats.ts";
import type { HealthReport } from "./view.ts";

/** How often a thread gives a sign of life. */
export const BEAT_MS = 250;
/** A thread that has been silent for so long hangs, or has died. */
const SILENT_MS = 5000;
/** How long after a restart of the instruments' thread to say so. */
const RESTART_TOLD_MS = 60_000;

const PROBLEMS: Readonly<Record<ThreadState, string | undefined>> = {
  starting: "is starting",
  ready: undefined,
  "node-down":
    "cannot reach a part of the origin, or has had no sign of life from it: its keys are not served",
  "origin-down": "cannot reach the origin, or is refused there: the log says why",
  "origin-silent":
    "has had no sign of life from the origin for --heartbeat-timeout: nothing is served from the cache",
  "storage-failed": "could not write to its disk: it refuses writes; its log says why",
  draining: "is ending: it answers what it has received, and accepts no more clients",
};

/**
 * Judges the threads of a service by what they say of themselves.
 * @param restartedMs when the thread of the instruments was started again; undefined: never
 * @param brokenPromises old values that audits have found whose invalidation never came
 */
export function healthOf(
  beats: ThreadBeats,
  nowMs: number,
  restartedMs: number | undefined,
  brokenPromises = 0,
): HealthReport {
  const threads = Array.from({ length: beats.threads }, (_, thread) => thread);
  const hanging = threads.filter((thread) => {
    // A thread that drains ends before the others do.
    if (beats.stateOf(thread) === "draining") return false;
    const atMs = beats.atMs(thread);
    return atMs > 0 && nowMs - atMs > SILENT_MS;
  });
  const problems = hanging.map(
    (thread) =>
      `thread ${thread} has given no sign of life for ${Math.round((nowMs - beats.atMs(thread)) / 1000)} s`,
  );
  let isReady = true;
  for (const state of new Set(threads.map((thread) => beats.stateOf(thread)))) {
    const problem = PROBLEMS[state];
    if (problem === undefined) continue;
    // The other nodes' keys are served. Every proxy before this origin has the same problem.
    if (state !== "node-down") isReady = false;
    const those = threads.filter((thread) => beats.stateOf(thread) === state);
    problems.push(`${nameThreads(those, beats.threads)} ${problem}`);
  }
  if (restartedMs !== undefined && nowMs - restartedMs < RESTART_TOLD_MS) {
    const seconds = Math.round((nowMs - restartedMs) / 1000);
    problems.push(`the thread of the instruments was started again ${seconds} s ago: figures begin anew`);
  }
  if (brokenPromises > 0) {
    const values = brokenPromises === 1 ? "1 old value" : `${brokenPromises} old values`;
    problems.push(
      `audits found that the cache served ${values} whose invalidation never came: the log names the keys; see whether ` +
        "the origin sends all invalidations",
    );
  }
  const isAlive = hanging.length === 0;
  return { alive: isAlive, ready: isAlive && isReady, problems };
}

function nameThreads(threads: readonly number[], all: number): string {
  if (all === 1) return "the service";
  return threads.length === 1 ? `thread ${threads[0]}` : `threads ${threads.join(", ")}: each`;
}
