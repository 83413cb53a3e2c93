import { CacheStage } from "../../lesson/cache-stage.tsx";
import { Lines } from "../../lesson/lines.tsx";
import { outcomesOf } from "../../lesson/staged-run.ts";
import { startLesson } from "../../lesson/start.tsx";
import { OwnFigures, ReadFigures } from "../../own/figures.tsx";
import { policyLook } from "../../what-if/policy-looks.ts";
import { CACHES, COUNTED, DISTANCES_MS, directMs, localityRun, meanMs } from "./run.ts";
import { ANSWERS, distanceSays, phase, verdict } from "./words.ts";

const FIRST_STEP_MS = 250;
const STEP_MS = 450;
/** 1 ms. */
const FIRST_PLACE = 4;
/** No cache is more times as fast than 1 / the share of its misses. */
const MOST = 4;

const run = await localityRun();
const hits = outcomesOf(run)[0]!.map((row) => row.hits) as [number, number];
const looks = [
  { ...policyLook("lru"), colour: "--ink-soft" },
  { ...policyLook("s3-fifo"), colour: "--hit" },
] as const;

startLesson({
  stage: (
    <CacheStage
      staged={run}
      phase={(at) => phase(at, run)}
      stepMs={(at) => (at < run.askAt ? FIRST_STEP_MS : STEP_MS)}
      moments={[run.from + COUNTED / 2, run.askAt + COUNTED / 2]}
      asks={`Now the favourites. How many of the next ${COUNTED} requests will be hits?`}
      keep="Keep my guess and go on"
      verdict={verdict}
    />
  ),
  change: (
    <Lines
      lines={hits.map((count, i) => ({
        title: `${count} hits of ${COUNTED}`,
        look: looks[i]!,
        values: DISTANCES_MS.map((ms) => directMs(ms) / meanMs(count, ms)),
      }))}
      label="Times as fast as without a cache, over the way to the store"
      setting={(place) => `the way to the store and back: ${DISTANCES_MS[place]} ms`}
      first={FIRST_PLACE}
      ticks={DISTANCES_MS.map((ms, place) => ({ place, text: String(ms) })).filter(
        ({ place }) => place % 2 === 0,
      )}
      most={MOST}
      rules={[0, 1, 2, 3, 4]}
      unit=" ×"
      says={(place) => distanceSays(DISTANCES_MS[place]!, hits)}
    />
  ),
  answers: ANSWERS,
  own: (
    <OwnFigures>
      <ReadFigures />
    </OwnFigures>
  ),
  playground: { workload: run.workload, caches: CACHES, at: run.askAt },
});
