import { Chart } from "../../parts/chart.tsx";
import type { Thread } from "./run.ts";
import { threadsSay } from "./words.ts";

const ROW_PX = 24;
const LEFT = 40;
/** Requests ahead that are drawn, at most. */
const MOST = 20;
/** Room for the words of a thread that leads out of the picture. */
const RIGHT = 140;

/** A thread from each entry to its next request. The longest one would be cut. */
export function Threads({ threads }: { readonly threads: readonly Thread[] }) {
  return (
    <div class="threads">
      <p class="label">Belady’s entries, and when each is asked for again</p>
      <Chart label={threadsSay(threads)}>
        {(width) => {
          const step = (width - LEFT - RIGHT) / MOST;
          return (
            <svg width={width} height={threads.length * ROW_PX} aria-hidden="true">
              {threads.map(({ name, after }, i) => {
                const y = (i + 0.5) * ROW_PX;
                const isLongest = i === threads.length - 1;
                const isFar = after === undefined || after > MOST;
                const x = LEFT + step * (isFar ? MOST : after);
                const words = after === undefined ? "not any more" : `in ${after}`;
                return (
                  <g key={name} class={isLongest ? "longest" : ""}>
                    <text class="strong" x={8} y={y + 4}>
                      {name}
                    </text>
                    <path class="thread" d={`M${LEFT - 12} ${y}H${x}`} />
                    {!isFar && <path class="knot" d={`M${x} ${y - 5}v10`} />}
                    <text x={x + 8} y={y + 4}>
                      {words}
                      {isLongest && ": leaves"}
                    </text>
                  </g>
                );
              })}
            </svg>
          );
        }}
      </Chart>
    </div>
  );
}
