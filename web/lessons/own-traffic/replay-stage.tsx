import { Acts, GuessSlider, useVerdicts } from "../../lesson/acts.tsx";
import { taught } from "../../lesson/policies.ts";
import { useStagePlayer } from "../../lesson/stage-player.ts";
import { Chart } from "../../parts/chart.tsx";
import { countText } from "../../parts/text.ts";
import type { PolicyLook } from "../../what-if/policy-looks.ts";
import { BUY, GUESSED, HAVE, REPLAYED, STEPS } from "./run.ts";
import { phase, round, stepSays, titleOf, verdict } from "./words.ts";

const END = 2 * STEPS;
const STEP_MS = 110;
const LEFT = 44;
const RIGHT = 20;
const TOP = 16;
const HEIGHT = 240;
/** Where the guesses stand, and what they are about, in short. */
const GUESS_STEPS = [0.66 * STEPS, STEPS];
const GUESS_TITLES = ["S3-FIFO?", `LRU, ${BUY}?`];
/** The larger LRU looks otherwise than the one that there is. */
const LOOKS: readonly PolicyLook[] = [
  taught("lru").look,
  taught("s3-fifo").look,
  { ...taught("w-tinylfu").look, dash: "2 3" },
];

export interface ReplayStageProps {
  readonly requests: number;
  /** The misses of each replayed cache, after each step. */
  readonly curves: readonly (readonly number[])[];
}

/** Misses so far, drawn as the recording is replayed: first through what there is, then through what could be. */
export function ReplayStage({ requests, curves }: ReplayStageProps) {
  const player = useStagePlayer({
    ...{ from: 0, askAt: STEPS, end: END, moments: [STEPS / 2, STEPS, STEPS + STEPS / 2, END] },
    ...{ guesses: GUESSED.length, most: 100, first: 50, stepMs: () => STEP_MS },
  });
  useVerdicts(player, (i, guess) => verdict(i, guess, curves[GUESSED[i]!]![STEPS]!));
  const { at } = player;
  const says = stepSays(at, curves);
  const guesses = player.guess ?? (player.isAtQuestion ? player.draft : []);
  return (
    <section class="stage-box" aria-label="The run">
      <p class="phase" aria-live={player.isPlaying ? "off" : "polite"}>
        <b>{phase(at)}</b>
      </p>
      <p class="label">Misses of 100 reads so far</p>
      <Chart label={says} class="replay">
        {(width) => {
          const x = (step: number): number => LEFT + ((width - LEFT - RIGHT) * step) / STEPS;
          const y = (misses: number): number => TOP + HEIGHT * (1 - misses / 100);
          return (
            <svg width={width} height={TOP + HEIGHT + 26} aria-hidden="true">
              {[0, 25, 50, 75, 100].map((rule) => (
                <g key={rule}>
                  <path class={rule === 0 ? "axis" : "rule"} d={`M${LEFT} ${y(rule)}H${x(STEPS)}`} />
                  <text x={LEFT - 8} y={y(rule) + 4} text-anchor="end">
                    {rule}
                  </text>
                </g>
              ))}
              {[0, STEPS / 2, STEPS].map((step) => (
                <text
                  key={step}
                  x={x(step)}
                  y={y(0) + 18}
                  text-anchor={step === 0 ? "start" : step === STEPS ? "end" : "middle"}
                >
                  {step === 0
                    ? "first request"
                    : step === STEPS
                      ? "last"
                      : countText(Math.round(requests / 2))}
                </text>
              ))}
              {curves.map((curve, i) => {
                const passed = i === 0 ? Math.min(at, STEPS) : at - STEPS;
                if (passed < 1) return null;
                const look = LOOKS[i]!;
                const points = curve.slice(1, passed + 1);
                return (
                  <g key={titleOf(REPLAYED[i]!)} style={{ color: `var(${look.colour})` }}>
                    <path
                      class="line"
                      d={points.map((misses, n) => `${n === 0 ? "M" : "L"}${x(n + 1)} ${y(misses)}`).join("")}
                      stroke-dasharray={look.dash}
                    />
                    <path
                      class="dot"
                      d={look.mark}
                      transform={`translate(${x(passed)} ${y(points.at(-1)!)}) scale(1.4)`}
                    />
                  </g>
                );
              })}
              {guesses.map((guess, i) => {
                // Side by side: both guesses may be equal.
                const right = x(GUESS_STEPS[i]!);
                return (
                  <g key={GUESSED[i]} style={{ color: `var(${LOOKS[GUESSED[i]!]!.colour})` }}>
                    <path class="guess-line" d={`M${right - 28} ${y(guess)}h28`} />
                    <text class="strong halo" x={right} y={y(guess) - 8} text-anchor="end">
                      {GUESS_TITLES[i]}
                    </text>
                  </g>
                );
              })}
            </svg>
          );
        }}
      </Chart>
      <ul class="replayed">
        {REPLAYED.map((cache, i) => {
          const { colour, mark } = LOOKS[i]!;
          const step = i === 0 ? Math.min(at, STEPS) : at - STEPS;
          return (
            <li key={titleOf(cache)}>
              <svg
                width="14"
                height="14"
                viewBox="-7 -7 14 14"
                aria-hidden="true"
                style={{ color: `var(${colour})` }}
              >
                <path class="dot" d={mark} />
              </svg>
              <span>{titleOf(cache)}</span>
              <b>{step < 1 ? "" : round(curves[i]![step]!)}</b>
            </li>
          );
        })}
      </ul>
      {GUESSED.map((cache, i) => (
        <GuessSlider
          key={cache}
          player={player}
          index={i}
          most={100}
          label={`Your guess for ${titleOf(REPLAYED[cache]!)}`}
          unit="of 100 reads miss"
        />
      ))}
      <Acts
        player={player}
        asks={`Your cache, ${titleOf(REPLAYED[0]!)}, misses ${round(curves[0]![STEPS]!)} of 100 reads. How many would miss with S3-FIFO at the same size, and how many with LRU at ${BUY / HAVE} times the size?`}
        keep="Keep my guesses and replay"
        where={`step ${at} of ${END}`}
        from={0}
      />
    </section>
  );
}
