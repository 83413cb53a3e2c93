import { Acts, GuessSlider, useVerdicts } from "../../lesson/acts.tsx";
import { taught } from "../../lesson/policies.ts";
import { useStagePlayer } from "../../lesson/stage-player.ts";
import { Chart } from "../../parts/chart.tsx";
import { BUY, HAVE, LARGEST } from "./run.ts";
import { phase, round, sizeSays, verdict } from "./words.ts";

const FIRST = 1;
const STEP_MS = 120;
const LEFT = 44;
const RIGHT = 24;
const TOP = 20;
const HEIGHT = 240;
const MOST = 100;
const MOMENTS = [15, HAVE, BUY, 65, 70, LARGEST];

/** The misses over the size, drawn as the cache grows. A guess is a mark at the size that might be bought. */
export function CurveStage({ curve }: { readonly curve: readonly number[] }) {
  const player = useStagePlayer({
    ...{ from: FIRST, askAt: HAVE, end: LARGEST, moments: MOMENTS },
    ...{ guesses: 1, most: MOST, first: MOST / 2, stepMs: () => STEP_MS },
  });
  useVerdicts(player, (_, guess) => verdict(guess, curve));
  const { at } = player;
  const guess = player.guess?.[0] ?? (player.isAtQuestion ? player.draft[0] : undefined);
  const { look } = taught("lru");
  const says = sizeSays(at, curve);
  return (
    <section class="stage-box" aria-label="The run">
      <p class="phase" aria-live={player.isPlaying ? "off" : "polite"}>
        <b>{phase(at)}</b>
      </p>
      <Chart label={`Misses of 100 requests over the size of the cache. ${says}`}>
        {(width) => {
          const x = (places: number): number => LEFT + ((width - LEFT - RIGHT) * places) / LARGEST;
          const y = (misses: number): number => TOP + HEIGHT * (1 - misses / MOST);
          const drawn = curve.slice(FIRST, at + 1);
          return (
            <svg width={width} height={TOP + HEIGHT + 40} aria-hidden="true">
              {[0, 25, 50, 75, 100].map((rule) => (
                <g key={rule}>
                  <path class={rule === 0 ? "axis" : "rule"} d={`M${LEFT} ${y(rule)}H${x(LARGEST)}`} />
                  <text x={LEFT - 8} y={y(rule) + 4} text-anchor="end">
                    {rule}
                  </text>
                </g>
              ))}
              {[0, 15, HAVE, 45, BUY, LARGEST].map((places) => (
                <text key={places} x={x(places)} y={y(0) + 18} text-anchor="middle">
                  {places}
                </text>
              ))}
              <text x={x(LARGEST / 2)} y={y(0) + 36} text-anchor="middle">
                places
              </text>
              <path class="leader" d={`M${x(BUY)} ${TOP}V${y(0)}`} />
              {guess !== undefined && (
                <>
                  <path class="guess-mark" d={`M${x(BUY) - 14} ${y(guess)}h28`} />
                  <text class="strong halo" x={x(BUY) - 20} y={y(guess) + 4} text-anchor="end">
                    your guess
                  </text>
                </>
              )}
              <g style={{ color: `var(${look.colour})` }}>
                <path
                  class="line"
                  d={drawn.map((misses, i) => `${i === 0 ? "M" : "L"}${x(FIRST + i)} ${y(misses)}`).join("")}
                />
                <path
                  class="dot"
                  d={look.mark}
                  transform={`translate(${x(at)} ${y(curve[at]!)}) scale(1.4)`}
                />
                <text class="strong halo" x={x(at)} y={y(curve[at]!) - 10} text-anchor="middle">
                  {round(curve[at]!)}
                </text>
              </g>
            </svg>
          );
        }}
      </Chart>
      <p class="prose">{says}</p>
      <GuessSlider
        player={player}
        index={0}
        most={MOST}
        label={`Your guess for ${BUY} places`}
        unit="of 100 requests miss"
      />
      <Acts
        player={player}
        asks={`You have ${HAVE} places, and ${round(curve[HAVE]!)} of 100 requests miss. You buy twice the memory: ${BUY} places. How many will miss then?`}
        keep="Keep my guess and let it grow"
        where={`${at} of ${LARGEST} places`}
        from={FIRST}
      />
    </section>
  );
}
