import { Acts, GuessSlider, useVerdicts } from "../../lesson/acts.tsx";
import { useStagePlayer } from "../../lesson/stage-player.ts";
import type { Happening } from "../../model/happenings.ts";
import { timeText } from "../../model/time-text.ts";
import { LotsTable } from "./lots-table.tsx";
import { ASK_AT, lotsAt, MOMENTS_MS, PLUG_MS, type RuleOutcome, WRITE_RULES } from "./run.ts";
import { phase, titleOf, verdict } from "./words.ts";

const END = MOMENTS_MS.length - 1;
const STEP_MS = 160;
const DARK_STEP_MS = 900;
const MOST_LOST = 30;

export interface PlugStageProps {
  /** What happened under each rule, and what came of it. */
  readonly logs: readonly (readonly Happening[])[];
  readonly outcomes: readonly RuleOutcome[];
}

/** Three caches with the same bids, until the plug is pulled. */
export function PlugStage({ logs, outcomes }: PlugStageProps) {
  const player = useStagePlayer({
    ...{ from: 0, askAt: ASK_AT, end: END, moments: [21, ASK_AT, END] },
    ...{ guesses: WRITE_RULES.length, most: MOST_LOST, first: MOST_LOST / 2 },
    stepMs: (at) => (at < ASK_AT ? STEP_MS : DARK_STEP_MS),
  });
  useVerdicts(player, (i, guess) => verdict(WRITE_RULES[i]!, guess, outcomes[i]!.facts));
  const { at } = player;
  const isOn = at <= ASK_AT;
  return (
    <section class="stage-box" aria-label="The run">
      <p class="phase" aria-live={player.isPlaying ? "off" : "polite"}>
        <b>{phase(at)}</b>
      </p>
      <div class="caches of-3">
        {WRITE_RULES.map((rule, i) => (
          <section key={rule} class="cache jump" aria-label={titleOf(rule)}>
            <LotsTable title={titleOf(rule)} lots={lotsAt(logs[i]!, MOMENTS_MS[at])} isOn={isOn} />
            <GuessSlider
              player={player}
              index={i}
              most={MOST_LOST}
              label={`Your guess for ${titleOf(rule).toLowerCase()}`}
              unit="confirmed bids lost"
            />
          </section>
        ))}
      </div>
      <p class="label">+ confirmed, and only in the cache · ! confirmed, and lost</p>
      <Acts
        player={player}
        asks={`The plug is pulled after ${timeText(PLUG_MS)}, and what the caches have in memory is gone. How many bids that had been confirmed are lost, with each rule?`}
        keep="Keep my guesses and pull the plug"
        where={`moment ${at} of ${END}`}
        from={0}
      />
    </section>
  );
}
