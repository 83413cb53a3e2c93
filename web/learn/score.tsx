import { Chart } from "../parts/chart.tsx";
import { counted, countText } from "../parts/text.ts";
import { FAILURE, HIT, MISS, UNDER_WAY } from "../play/cache-run.ts";
import { policyName } from "../play/decider.ts";
import type { CacheView, PlayView } from "../play/play-view.ts";
import type { Player } from "./player.ts";

/** From one request to the next, and from one cache to the next. */
const STEP_PX = 7;
const ROW_PX = 26;
const NAME_PX = 96;
const BASE = 20;

/** Hits and misses of all caches, one below the other on one axis, and the position as a slider. */
export function Score({ view, player }: { readonly view: PlayView; readonly player: Player }) {
  const { caches, at, count } = view;
  const parts = caches.length > 1;
  const has = (result: number): boolean => caches.some(({ results }) => results.includes(result));
  const marks = [
    ...(has(UNDER_WAY) ? ["= the key was being fetched"] : []),
    ...(has(FAILURE) ? ["! error of the origin"] : []),
    ...(parts ? ["shaded: here the caches part"] : []),
  ];
  return (
    <div class="score">
      <h3>
        Hits and misses, the latest at the right
        {marks.length > 0 && <span class="right">{marks.join("; ")}</span>}
      </h3>
      <Chart label={scoreText(caches)}>
        {(width) => {
          const room = Math.floor((width - NAME_PX) / STEP_PX);
          const shown = Math.min(room, caches[0]!.results.length);
          const x = (i: number): number => width - (shown - i) * STEP_PX + 1;
          return (
            <svg width={width} height={caches.length * ROW_PX + 4} aria-hidden="true">
              {parts && <path class="parted" d={partedPath(caches, shown, x)} />}
              {caches.map(({ settings, results }, row) => {
                const latest = results.subarray(results.length - shown);
                const y = row * ROW_PX + BASE;
                return (
                  <g key={row}>
                    <text x="0" y={y} class="soft">
                      {policyName(settings.policy)}
                    </text>
                    <path class="rule" d={`M${NAME_PX} ${y + 0.5}H${width}`} />
                    <path class="hits" d={hitsPath(latest, x, y)} />
                    <path class="misses" d={missesPath(latest, x, y)} />
                    <path class="under-way" d={underWayPath(latest, x, y)} />
                    <path class="failures" d={failuresPath(latest, x, y)} />
                  </g>
                );
              })}
            </svg>
          );
        }}
      </Chart>
      <label class="seek">
        <span class="hidden">Position</span>
        <input
          type="range"
          min={0}
          max={count}
          value={at}
          aria-valuetext={`request ${countText(at)} of ${countText(count)}`}
          onInput={({ currentTarget }) => player.seek(Number(currentTarget.value))}
        />
      </label>
    </div>
  );
}

/** A hit is a low stroke. */
function hitsPath(results: Uint8Array, x: (i: number) => number, y: number): string {
  let path = "";
  for (const [i, result] of results.entries()) if (result === HIT) path += `M${x(i) + 2} ${y}v-8`;
  return path;
}

/** A miss is a tall `#`. */
function missesPath(results: Uint8Array, x: (i: number) => number, y: number): string {
  let path = "";
  for (const [i, result] of results.entries()) {
    if (result === MISS) path += `M${x(i) + 1} ${y}v-16m3 0v16M${x(i) - 1} ${y - 5}h7m0-6h-7`;
  }
  return path;
}

/** A wait is a `=`. */
function underWayPath(results: Uint8Array, x: (i: number) => number, y: number): string {
  let path = "";
  for (const [i, result] of results.entries()) if (result === UNDER_WAY) path += `M${x(i)} ${y - 3}h5m0-5h-5`;
  return path;
}

/** A failure is a tall `!`. */
function failuresPath(results: Uint8Array, x: (i: number) => number, y: number): string {
  let path = "";
  for (const [i, result] of results.entries()) if (result === FAILURE) path += `M${x(i) + 2} ${y}v-3m0-3v-10`;
  return path;
}

function partedPath(caches: readonly CacheView[], shown: number, x: (i: number) => number): string {
  const [first, ...others] = caches.map(({ results }) => results.subarray(results.length - shown));
  let path = "";
  for (let i = 0; i < shown; i++) {
    // A cache that stands still has no result, and parts with nobody.
    if (first![i] !== 0 && others.some((other) => other[i] !== 0 && other[i] !== first![i])) {
      path += `M${x(i) - 1} 0h${STEP_PX}v${caches.length * ROW_PX}h${-STEP_PX}Z`;
    }
  }
  return path;
}

function scoreText(caches: readonly CacheView[]): string {
  const said = caches.map(({ settings, results }) => {
    const misses = results.filter((result) => result === MISS).length;
    return `${settings.policy} missed ${misses}`;
  });
  return `Of the latest ${counted(caches[0]!.results.length, "request")}: ${said.join(", ")}.`;
}
