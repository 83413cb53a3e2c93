import { formatOrigin } from "../address.ts";
import { isSamePlace, type NamedPrimary } from "./shared-primary.ts";

/** What one sentinel says. */
export interface SentinelAnswer {
  /** The sentinel's address, for messages. */
  readonly sentinel: string;
  readonly primary: NamedPrimary;
}

/** What the sentinels together say, or why they say nothing. */
export type Verdict =
  | { readonly primary: NamedPrimary; readonly problem?: undefined }
  | { readonly primary?: undefined; readonly problem: string };

/** Answers that name the same place. */
interface Votes {
  /** With the greatest configuration epoch of them. */
  readonly primary: NamedPrimary;
  readonly count: number;
}

/** Whether more than half of all sentinels name the same primary, so that the other answers change nothing. */
export function isDecided(answers: readonly SentinelAnswer[], sentinelCount: number): boolean {
  return countVotes(answers).some(({ count }) => count * 2 > sentinelCount);
}

/**
 * Finds the primary that most sentinels name. A single one may be behind, or be cut off together with an old primary.
 *
 * - At least half of the answers must name it. Of two halves, the one with the greater configuration epoch counts,
 *   which is the one that all sentinels end up with
 *   (https://redis.io/docs/latest/operate/oss_and_stack/management/sentinel/, "Configuration epochs").
 * - If most sentinels do not answer, those that do may be the ones that are behind. They are not believed if their
 *   epoch is smaller than that of the present primary.
 *
 * @param sentinelCount all that were asked
 * @param present the primary that was believed last
 */
export function judge(
  answers: readonly SentinelAnswer[],
  sentinelCount: number,
  present: NamedPrimary | undefined,
): Verdict {
  const [most, second] = countVotes(answers);
  if (most === undefined) return { problem: "no sentinel answers" };
  const isTie = second?.count === most.count && second.primary.configEpoch === most.primary.configEpoch;
  if (most.count * 2 < answers.length || isTie) {
    const said = answers.map(({ sentinel, primary }) => `${sentinel} says ${formatOrigin(primary)}`);
    return { problem: `the sentinels disagree: ${said.join(", ")}` };
  }
  const { primary } = most;
  const isMinority = most.count * 2 <= sentinelCount;
  const isBehind = primary.configEpoch < (present?.configEpoch ?? 0) && !isSamePlace(primary, present);
  if (isMinority && isBehind) {
    return {
      problem: `only ${answers.length} of ${sentinelCount} sentinels answer, with an older configuration`,
    };
  }
  return { primary };
}

/** @returns the primaries that were named, the one with the most votes first, of equal ones the newest */
function countVotes(answers: readonly SentinelAnswer[]): Votes[] {
  const votes: { primary: NamedPrimary; count: number }[] = [];
  for (const { primary } of answers) {
    const same = votes.find((one) => isSamePlace(one.primary, primary));
    if (same === undefined) votes.push({ primary, count: 1 });
    else {
      same.count++;
      if (primary.configEpoch > same.primary.configEpoch) same.primary = primary;
    }
  }
  return votes.sort((a, b) => b.count - a.count || b.primary.configEpoch - a.primary.configEpoch);
}
