import type { Happening } from "../../model/happenings.ts";
import { judge } from "../../model/promises.ts";
import type { ColdKeyRun } from "./run.ts";

/** Times are counted from when the first client could ask. */
interface ClientTimes {
  readonly askedMs: number;
  readonly answeredMs: number;
}

/** A question's way: out of the proxy, into the origin, out of the origin, back into the proxy. */
export interface QuestionTimes {
  readonly sentMs: number;
  readonly arrivedMs: number;
  readonly answeredMs: number;
  readonly backMs: number;
}

/** What a drawing of a run shows: time goes to the right. */
export interface Timeline {
  readonly clients: readonly ClientTimes[];
  readonly questions: readonly QuestionTimes[];
}

/** Turns a run that has come to its end, without a failure, into a drawing. */
export function timelineOf({ world: { happenings }, beganMs }: ColdKeyRun): Timeline {
  const { answers } = judge(happenings, Number.POSITIVE_INFINITY);
  const clients = answers.map(({ askedAtMs, answeredAtMs }) => ({
    askedMs: askedAtMs - beganMs,
    answeredMs: answeredAtMs - beganMs,
  }));
  // One connection keeps the order, so that the same place in each list is the same question.
  const up = gets(happenings, true);
  const down = gets(happenings, false);
  const questions = up.map(({ sentAtMs, arrivedAtMs }, i) => ({
    sentMs: sentAtMs - beganMs,
    arrivedMs: arrivedAtMs - beganMs,
    answeredMs: down[i]!.sentAtMs - beganMs,
    backMs: down[i]!.arrivedAtMs - beganMs,
  }));
  return { clients, questions };
}

interface Passage {
  readonly sentAtMs: number;
  readonly arrivedAtMs: number;
}

/** The ways of all questions, or of all answers, in their order. */
function gets(happenings: readonly Happening[], isUp: boolean): Passage[] {
  const arrivals = new Map(
    happenings.flatMap((one) => (one.what === "arrived" ? [[one.frame, one.atMs] as const] : [])),
  );
  return happenings.flatMap((one): Passage[] => {
    if (one.what !== "sent" || one.load.up !== isUp) return [];
    const count = one.load.up
      ? one.load.requests.filter(({ command }) => command === "get").length
      : one.load.answers.filter((answer) => answer.kind === "reply" && answer.to.command === "get").length;
    const passage = { sentAtMs: one.atMs, arrivedAtMs: arrivals.get(one.frame)! };
    return Array<Passage>(count).fill(passage);
  });
}

/** What has happened up to a moment. */
export interface Moment {
  readonly come: number;
  readonly waiting: number;
  readonly answered: number;
  readonly asked: number;
}

export function momentOf({ clients, questions }: Timeline, ms: number): Moment {
  const come = clients.filter(({ askedMs }) => askedMs <= ms).length;
  const answered = clients.filter(({ answeredMs }) => answeredMs <= ms).length;
  return {
    come,
    answered,
    waiting: come - answered,
    asked: questions.filter(({ sentMs }) => sentMs <= ms).length,
  };
}

/** How many clients wait at the end of each step of time. */
export function waitingOver({ clients }: Timeline, stepMs: number, endMs: number): number[] {
  const changes = new Int32Array(Math.ceil(endMs / stepMs) + 2);
  const place = (ms: number): number => Math.min(changes.length - 1, Math.ceil(ms / stepMs));
  for (const { askedMs, answeredMs } of clients) {
    changes[place(askedMs)]!++;
    changes[place(answeredMs)]!--;
  }
  let waiting = 0;
  return Array.from(changes.subarray(0, -1), (change) => (waiting += change));
}
