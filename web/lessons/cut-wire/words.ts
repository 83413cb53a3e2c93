import type { Answer } from "../../lesson/answer.ts";
import { timeText } from "../../model/time-text.ts";
import { counted, numberText } from "../../parts/text.ts";
import {
  ASK_AT_MS,
  CUT_WIRE,
  type CutWireFacts,
  type CutWireSettings,
  cutWireFacts,
  END_MS,
  type Failure,
  NEW,
  OLD,
} from "./run.ts";

/** Says what the proxy did, and why the old price was read for so long, from what happened in a run. */
export function because(facts: CutWireFacts, settings: CutWireSettings): string {
  const { boundMs, oldReads, oldForMs, noticedMs, epochs, failed, newAfterMs, longestWaitMs } = facts;
  const noticed = timeText(noticedMs);
  const { heartbeatMs, heartbeatTimeoutMs } = settings;
  if (!settings.heedsLosses && oldForMs > boundMs) {
    return `The connection was gone, and with it whatever the origin had to say about what had come over it. But the cache kept all that. ${counted(oldReads, "read")} got the old price, and the last of them ${timeText(oldForMs)} after it had changed: nobody will ever mend that.`;
  }
  const old = `The old price was read ${counted(oldReads, "time")}, for ${timeText(oldForMs)}.`;
  const bound = `It cannot be longer than ${timeText(boundMs)}: an answer to the heartbeat vouches for ${timeText(heartbeatMs)} until the next question, and ${timeText(heartbeatTimeoutMs)} to wait for its answer, counted from when the question was sent.`;
  switch (settings.failure) {
    case "cut": {
      const lost =
        failed === 0
          ? ""
          : ` ${counted(failed, "read")} fell into the gap and ${failed === 1 ? "was" : "were"} told so.`;
      return `A reset is news. The proxy knew of it after ${noticed}, and began a new epoch: all that had come over that connection counted no more, at one stroke, the price among it.${lost} It connected again, and ${timeText(newAfterMs)} after the change somebody read ${NEW}.`;
    }
    case "wire":
      return `Nobody told the proxy. It went on serving ${OLD} from its cache, and the message about ${NEW} lay in the dead wire. Then the heartbeat had no answer. ${noticed} after the failure the proxy served nothing any more, and tried a second connection. The origin answered that one, so the wire was dead: a new connection took its place, and ${epochs === 1 ? "a new epoch began" : `${numberText(epochs)} epochs began`}. ${old} ${bound}`;
    case "network":
      return newAfterMs === undefined
        ? `The heartbeat had no answer, so ${noticed} after the failure the proxy served nothing any more. A second connection had no answer either. Reads waited, and ${failed === 0 ? "are waiting still" : `${numberText(failed)} of them were told that the origin is gone`}. ${old} ${bound}`
        : `The heartbeat had no answer, so ${noticed} after the failure the proxy served nothing any more. A second connection had no answer either: that could have been a busy origin, so reads waited, up to ${timeText(longestWaitMs)}. When the network was back, what had been sent arrived in its order, the message ahead of the heartbeat’s answer. So nothing was missing, and ${epochs === 0 ? "no new epoch was needed" : "a new epoch had begun"}. ${old} ${bound}`;
    case "busy":
      return `The same silence, and nothing was wrong: the origin was busy, and no price changed meanwhile. Yet ${noticed} after it had begun the proxy served nothing any more, and reads waited up to ${timeText(longestWaitMs)}. From where the proxy stands, a busy origin and a dead wire look the same. That is what the promise costs.`;
  }
}

/** Compares a guess, in seconds, of how long the old price was read. */
export function verdict(guessS: number, { oldForMs, boundMs }: CutWireFacts): string {
  const said = `You said ${numberText(guessS)} s, it was ${numberText(oldForMs / 1000, 1)} s.`;
  if (Math.abs(guessS - oldForMs / 1000) <= 0.5) return `${said} Nearly.`;
  if (guessS * 1000 > boundMs)
    return `${said} The heartbeat does not let it become more than ${timeText(boundMs)}.`;
  return guessS * 1000 > oldForMs
    ? `${said} It could have been as long, had the wire failed just after an answer to the heartbeat.`
    : `${said} A dead wire and a quiet one look the same until an answer is overdue.`;
}

/** What can happen, in words. */
export const FAILURES: readonly (readonly [failure: Failure, text: string])[] = [
  ["cut", "The connection is reset"],
  ["wire", "The wire dies, and nobody is told"],
  ["network", "Nothing gets through for six seconds"],
  ["busy", "The origin is busy for six seconds"],
];

/** Says where the run is. */
export function phase(ms: number, { failsAtMs }: CutWireSettings, facts: CutWireFacts): string {
  const { noticedMs = 0, newAfterMs = 0 } = facts;
  if (ms >= END_MS) return "The run is over.";
  if (ms < failsAtMs) return "All is well: the copy is right, and the heartbeat has its answers.";
  if (ms <= ASK_AT_MS) return "The wire has died, and the price has changed. The proxy knows neither.";
  if (ms < failsAtMs + noticedMs) return "The proxy answers with its copy, which is old.";
  return ms < failsAtMs + newAfterMs
    ? "The heartbeat’s answer is overdue. Nothing is served from the cache."
    : "A new connection, a new epoch, the new price.";
}

/** What the failures do with the proxy's own times, and with others: in words, and the figures. */
export function failureRows(): (readonly [what: string, ...figures: string[]])[] {
  return TIMES.flatMap(([times, change]) =>
    FAILURES.map(([failure, text]) => {
      const { oldForMs, noticedMs, longestWaitMs, failed } = cutWireFacts({
        ...CUT_WIRE,
        ...change,
        failure,
      });
      const figures = [oldForMs, noticedMs, longestWaitMs].map(timeText);
      return [`${text}${times}`, ...figures, numberText(failed)] as const;
    }),
  );
}

const TIMES: readonly (readonly [text: string, change: Partial<CutWireSettings>])[] = [
  ["", {}],
  ["; heartbeat 0.2 s, silence 0.3 s", { heartbeatMs: 200, heartbeatTimeoutMs: 300 }],
  ["; without epochs", { heedsLosses: false }],
];

/** Another heartbeat, for the closing question. */
export const SLOW_BEAT: CutWireSettings = { ...CUT_WIRE, heartbeatMs: 5000, heartbeatTimeoutMs: 1000 };

/** The answers to: the heartbeat asks every five seconds, and waits one second. How old can a price be that is a hit? */
export const ANSWERS: readonly Answer[] = [
  {
    text: "One second: then the silence is noticed.",
    hint: "The wire can have died just after the last answer. How long is it then until the next question is even asked?",
  },
  { text: "Six seconds." },
  {
    text: "There is no bound: a message can always be late.",
    hint: "A late message alone does not matter. The heartbeat’s answer comes behind it on the same connection, so it is late, too, and without it nothing is served.",
  },
];
