import { useMemo } from "preact/hooks";
import { Acts, GuessSlider, useVerdicts } from "../../lesson/acts.tsx";
import { useStagePlayer } from "../../lesson/stage-player.ts";
import { numberText } from "../../parts/text.ts";
import { FlowDrawing } from "./flow-drawing.tsx";
import { ALONE, COLD_KEY, endedRun, factsOf } from "./run.ts";
import { type Moment, momentOf, timelineOf, waitingOver } from "./timeline.ts";
import { phase, verdict } from "./words.ts";

/** Positions of the stage are milliseconds. */
const ASK_AT = 10;
const FIRST_STEP_MS = 250;
const STEP_MS = 25;
const MOMENTS = [20, 42, 60, 100, 200, 300];
const FIRST_GUESS = 500;

const SIDES = [
  { title: "Every miss asks", name: "miss", settings: ALONE },
  { title: "Misses share a question", name: "coalesced", settings: COLD_KEY },
] as const;

/** The same crowd before two proxies: in one every miss asks, in the other misses share a question. */
export function CrowdStage() {
  const { sides, most } = useMemo(() => {
    const made = SIDES.map((side) => {
      const run = endedRun(side.settings);
      return { ...side, facts: factsOf(run), timeline: timelineOf(run) };
    });
    const waits = made.flatMap(({ timeline, facts }) => waitingOver(timeline, 1, facts.lastedMs));
    return { sides: made, most: Math.max(...waits) };
  }, []);
  const { facts, timeline } = sides[0]!;
  const end = Math.ceil(facts.lastedMs);
  const player = useStagePlayer({
    ...{ from: 0, askAt: ASK_AT, end, moments: [ASK_AT, ...MOMENTS, end] },
    ...{ guesses: 1, most: ALONE.clients, first: FIRST_GUESS },
    stepMs: (at) => (at < ASK_AT ? FIRST_STEP_MS : STEP_MS),
  });
  useVerdicts(player, (_, guess) => verdict(guess, facts));
  const nowMs = player.at;
  const hasQuestions = player.at > ASK_AT;
  return (
    <section class="stage-box crowd" aria-label="The run">
      <p class="phase" aria-live={player.isPlaying ? "off" : "polite"}>
        <b>{phase(nowMs, momentOf(timeline, nowMs), facts, ALONE)}</b>
      </p>
      <div class="both">
        {sides.map((side) => {
          const moment = momentOf(side.timeline, nowMs);
          return (
            <div key={side.title} class={side.name}>
              <h3>{side.title}</h3>
              <Counts moment={moment} hasQuestions={hasQuestions} />
              <FlowDrawing
                timeline={side.timeline}
                nowMs={nowMs}
                endMs={end}
                most={most}
                hasQuestions={hasQuestions}
                label={`${side.title}, after ${nowMs} ms: ${numberText(moment.waiting)} clients wait${hasQuestions ? `, ${numberText(moment.asked)} questions were sent to the origin` : ""}.`}
              />
            </div>
          );
        })}
      </div>
      <p class="legend">
        Time goes to the right. Above, how many clients wait. Below, each line down to the origin is a
        question, along the bottom it waits for its turn, and each line up is an answer.
      </p>
      <GuessSlider
        player={player}
        index={0}
        most={ALONE.clients}
        label="Your guess where every miss asks"
        unit={`of ${numberText(ALONE.clients)} clients ask the origin`}
      />
      <Acts
        player={player}
        asks={`${numberText(momentOf(timeline, nowMs).come)} clients have come, and all of them missed. How many of the ${numberText(ALONE.clients)} will have asked the origin in the end, where every miss asks?`}
        keep="Keep my guess and let them come"
        where={`${nowMs} ms of ${end}`}
        from={0}
      />
    </section>
  );
}

/** The figures of a moment. */
function Counts({ moment, hasQuestions }: { readonly moment: Moment; readonly hasQuestions: boolean }) {
  return (
    <dl class="counts">
      <div>
        <dt>questions sent</dt>
        <dd>{hasQuestions ? numberText(moment.asked) : "?"}</dd>
      </div>
      <div>
        <dt>waiting</dt>
        <dd>{numberText(moment.waiting)}</dd>
      </div>
      <div>
        <dt>answered</dt>
        <dd>{numberText(moment.answered)}</dd>
      </div>
    </dl>
  );
}
