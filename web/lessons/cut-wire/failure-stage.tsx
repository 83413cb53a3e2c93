import { useMemo } from "preact/hooks";
import { Acts, GuessSlider, useVerdicts } from "../../lesson/acts.tsx";
import { useStagePlayer } from "../../lesson/stage-player.ts";
import { numberText } from "../../parts/text.ts";
import { ASK_AT_MS, CUT_WIRE, END_MS, endedRun, factsOf, READ_EVERY_MS } from "./run.ts";
import { timelineOf, timelineUntil } from "./timeline.ts";
import { TimelineDrawing } from "./timeline-drawing.tsx";
import { phase, verdict } from "./words.ts";

/** Positions of the stage are reads. */
const ASK_AT = ASK_AT_MS / READ_EVERY_MS;
const END = END_MS / READ_EVERY_MS;
const MOMENTS_MS = [4000, 5000, 6000, 8000];
const FIRST_STEP_MS = 90;
const STEP_MS = 70;
const LONGEST_GUESS_S = 13;
const FIRST_GUESS_S = 6;

/** A wire that dies without a word, over time. A guess is how long the old price is read. */
export function FailureStage() {
  const { facts, timeline } = useMemo(() => {
    const run = endedRun(CUT_WIRE);
    return { facts: factsOf(run), timeline: timelineOf(run) };
  }, []);
  const player = useStagePlayer({
    ...{ from: 0, askAt: ASK_AT, end: END },
    moments: [ASK_AT, ...MOMENTS_MS.map((ms) => ms / READ_EVERY_MS), END],
    ...{ guesses: 1, most: LONGEST_GUESS_S, first: FIRST_GUESS_S },
    stepMs: (at) => (at < ASK_AT ? FIRST_STEP_MS : STEP_MS),
  });
  useVerdicts(player, (_, guess) => verdict(guess, facts));
  const nowMs = player.at * READ_EVERY_MS;
  const says = phase(nowMs, CUT_WIRE, facts);
  return (
    <section class="stage-box wire-run" aria-label="The run">
      <p class="phase" aria-live={player.isPlaying ? "off" : "polite"}>
        <b>{says}</b>
      </p>
      <TimelineDrawing
        timeline={timelineUntil(timeline, nowMs)}
        label={`Origin, wire, proxy and reads over time, up to ${secondsText(nowMs)}. ${says}`}
      />
      <p class="legend">
        A client reads ten times a second: a tall stroke is a hit, and below ~ a hit on the old price; a short
        one was answered by the origin. In the wire a stroke is a heartbeat with its answer, and ○ one
        without.
      </p>
      <GuessSlider
        player={player}
        index={0}
        most={LONGEST_GUESS_S}
        label="Your guess"
        unit="seconds until the old price is read no more"
      />
      <Acts
        player={player}
        asks="The message that the price has changed lies in a dead wire. The proxy has its copy, and clients who ask. For how many seconds will they still read the old price?"
        keep="Keep my guess and let it go on"
        where={`read ${player.at} of ${END}`}
        from={0}
      />
    </section>
  );
}

function secondsText(ms: number): string {
  return `${numberText(ms / 1000, 1)} s`;
}
