import { useMemo } from "preact/hooks";
import { Acts, GuessSlider, useVerdicts } from "../../lesson/acts.tsx";
import { useStagePlayer } from "../../lesson/stage-player.ts";
import { lanesOf } from "./lanes.ts";
import { LanesDrawing } from "./lanes-drawing.tsx";
import { ASK_AT, type RaceOutcomes, raceAfter, SIMPLE, STORY } from "./run.ts";
import { stepsOf } from "./steps.ts";
import { phase, verdict } from "./words.ts";

const FIRST_STEP_MS = 1000;
const STEP_MS = 2200;

/** One order under the simple rules, step by step. A guess is how many orders leave an old price. */
export function StoryStage({ outcomes }: { readonly outcomes: RaceOutcomes }) {
  const player = useStagePlayer({
    ...{ from: 0, askAt: ASK_AT, end: STORY.length, moments: [ASK_AT, ASK_AT + 1, ASK_AT + 3, STORY.length] },
    ...{ guesses: 1, most: outcomes.orders, first: Math.round(outcomes.orders / 2) },
    stepMs: (at) => (at < ASK_AT ? FIRST_STEP_MS : STEP_MS),
  });
  useVerdicts(player, (_, guess) => verdict(guess, outcomes));
  const { at } = player;
  const scene = useMemo(() => raceAfter(SIMPLE, STORY.slice(0, at)), [at]);
  const steps = stepsOf(scene, at, false);
  return (
    <section class="stage-box race-story" aria-label="The run">
      <p class="phase" aria-live={player.isPlaying ? "off" : "polite"}>
        <b>{phase(at)}</b>
      </p>
      <div class="race-pair">
        <ol class="prose steps">
          {steps.map(({ step, told }) => (
            <li key={step} class={step === at ? "latest" : ""}>
              {told.join(" ")}
            </li>
          ))}
        </ol>
        <LanesDrawing
          lanes={lanesOf(scene.world.happenings, scene.prologue, at)}
          hasLeases={false}
          label={`Clients, proxy, wire and origin over time. ${steps.at(-1)?.told.join(" ") ?? phase(at)}`}
        />
      </div>
      <p class="legend">
        Time goes down. A box is the price that proxy or origin holds; hatched and with ~ it is old. A dotted
        line is a question that waits for its answer; + its answer was kept. ! is an old price that was read
        too late.
      </p>
      <GuessSlider
        player={player}
        index={0}
        most={outcomes.orders}
        label="Your guess"
        unit={`of ${outcomes.orders} orders leave the old price in the cache`}
      />
      <Acts
        player={player}
        asks={`What happens next? The answer may arrive, or the write; and Cleo may ask at any time. With all that Ana, Ben and Cleo do there are ${outcomes.orders} orders. After how many of them does the proxy hold the old price for good?`}
        keep="Keep my guess and let it go on"
        where={`step ${at} of ${STORY.length}`}
        from={0}
      />
    </section>
  );
}
