import { CacheStage } from "../../lesson/cache-stage.tsx";
import { Lines } from "../../lesson/lines.tsx";
import { taught } from "../../lesson/policies.ts";
import { Soon } from "../../lesson/soon.tsx";
import { startLesson } from "../../lesson/start.tsx";
import { PolicyMisses } from "../../own/policy-misses.tsx";
import { AFTER, BEFORE, CACHES, COMPARED, hitsAtPace, moveRun, PACES } from "./run.ts";
import { ANSWERS, paceSays, paceText, phase, verdict } from "./words.ts";

const STEP_MS = 280;
/** A new favourite every 20 requests. */
const FIRST_PLACE = 3;
/** W-TinyLFU is drawn as it climbs, under a name for which there is room. */
const DRAWN = [
  { at: 0, title: "LRU" },
  { at: 1, title: "LFU" },
  { at: 2, title: "LFU-DA" },
  { at: 4, title: "climbing" },
] as const;

const run = await moveRun();

startLesson({
  stage: (
    <CacheStage
      staged={run}
      phase={(at) => phase(at, run)}
      stepMs={() => STEP_MS}
      moments={[run.from + BEFORE / 2, run.askAt + AFTER / 4, run.askAt + AFTER / 2]}
      asks={`It is midnight. How many of the next ${AFTER} requests, now for U to Z, will be hits?`}
      keep="Keep my guess and let the day begin"
      verdict={verdict}
    />
  ),
  change: (
    <Soon of={PACES} make={hitsAtPace}>
      {(hits) => (
        <Lines
          lines={DRAWN.map(({ at, title }) => ({
            title,
            look: taught(COMPARED[at]).look,
            values: hits.map((each) => each[at]!),
          }))}
          label="Hits of 100 requests over how fast popularity moves"
          setting={(place) => `a new favourite: ${paceText(PACES[place]!)}`}
          first={FIRST_PLACE}
          ticks={[
            { place: 0, text: "every 2" },
            { place: 3, text: "every 20" },
            { place: 6, text: "500" },
            { place: 8, text: "never" },
          ]}
          most={80}
          rules={[0, 20, 40, 60, 80]}
          says={(place) => paceSays(PACES[place]!, hits[place]!)}
        />
      )}
    </Soon>
  ),
  answers: ANSWERS,
  own: <PolicyMisses />,
  playground: { workload: run.workload, caches: CACHES, at: run.askAt },
});
