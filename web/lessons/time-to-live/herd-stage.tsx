import { useSignal } from "@preact/signals";
import { Acts, GuessSlider, useVerdicts } from "../../lesson/acts.tsx";
import { useStagePlayer } from "../../lesson/stage-player.ts";
import { HerdBars } from "./herd-bars.tsx";
import { MOST_QUESTIONS } from "./herd-places.ts";
import { ASK_AT_S, JITTERS, MOMENTS_S, TIME_TO_LIVE, type TimeToLiveFacts } from "./run.ts";
import { jitterSays, phase, secondSays, verdict } from "./words.ts";

const STEP_MS = 420;

/** What the origin is asked in each second, drawn as time passes. A guess is a mark at the second of the herd. */
export function HerdStage({ facts }: { readonly facts: TimeToLiveFacts }) {
  const player = useStagePlayer({
    ...{ from: 0, askAt: ASK_AT_S, end: TIME_TO_LIVE.seconds, moments: MOMENTS_S },
    ...{ guesses: 1, most: MOST_QUESTIONS, first: MOST_QUESTIONS / 2, stepMs: () => STEP_MS },
  });
  useVerdicts(player, (_, guess) => verdict(guess, facts));
  const { at } = player;
  const says = secondSays(at, facts);
  return (
    <section class="stage-box" aria-label="The run">
      <p class="phase" aria-live={player.isPlaying ? "off" : "polite"}>
        <b>{phase(at)}</b>
      </p>
      <p class="label">Questions that reach the origin, in each second</p>
      <HerdBars
        questions={facts.questions}
        passed={at}
        guess={player.guess?.[0] ?? (player.isAtQuestion ? player.draft[0] : undefined)}
        label={`Questions that reach the origin in each second. ${says}`}
      />
      <p class="prose">{says}</p>
      <GuessSlider
        player={player}
        index={0}
        most={MOST_QUESTIONS}
        label="Your guess for the busiest second to come"
        unit="questions"
      />
      <Acts
        player={player}
        asks="All entries are about to expire. How many questions will reach the origin in the busiest second?"
        keep="Keep my guess and let them expire"
        where={`${at} of ${TIME_TO_LIVE.seconds} seconds`}
        from={0}
      />
    </section>
  );
}

/** Change one thing: jitter, with the run without it as an outline. @param runs one for each jitter */
export function JitterSlider({ runs }: { readonly runs: readonly TimeToLiveFacts[] }) {
  const place = useSignal(0);
  const [jitter, facts, without] = [JITTERS[place.value]!, runs[place.value]!, runs[0]!];
  const says = jitterSays(jitter, without, facts);
  return (
    <div class="lines">
      <HerdBars
        questions={facts.questions}
        passed={facts.questions.length}
        without={place.value === 0 ? [] : without.questions}
        label={`Questions that reach the origin in each second. ${says}`}
      />
      <label class="setting">
        <span class="label">
          jitter: {jitter === 0 ? "none" : `up to ${100 * jitter} % less; dashed: without jitter`}
        </span>
        <input
          type="range"
          min={0}
          max={JITTERS.length - 1}
          value={place.value}
          aria-valuetext={says}
          onInput={({ currentTarget }) => (place.value = Number(currentTarget.value))}
        />
      </label>
      <p class="prose">{says}</p>
    </div>
  );
}
