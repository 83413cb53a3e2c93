import { CacheStage } from "../../lesson/cache-stage.tsx";
import { Lines } from "../../lesson/lines.tsx";
import { taught } from "../../lesson/policies.ts";
import { Soon } from "../../lesson/soon.tsx";
import { startLesson } from "../../lesson/start.tsx";
import { PolicyMisses } from "../../own/policy-misses.tsx";
import { ALL, COUNTED, hitsWith, KEYS, PLACES, POLICIES, smallRun } from "./run.ts";
import { ANSWERS, phase, sizeSays, verdict } from "./words.ts";

const LARGEST = KEYS.length + 1;

const run = await smallRun();
const SIZES = Array.from({ length: LARGEST }, (_, i) => i + 1);

startLesson({
  stage: (
    <CacheStage
      staged={run}
      phase={(at) => phase(at, run)}
      moments={[run.askAt + COUNTED / 2]}
      asks={`How many of the next ${COUNTED} requests will be hits?`}
      keep="Keep my guess and go on"
      verdict={verdict}
    />
  ),
  change: (
    <Soon of={SIZES} make={hitsWith}>
      {(hits) => (
        <Lines
          lines={POLICIES.map((policy, i) => ({ ...taught(policy), values: hits.map((each) => each[i]!) }))}
          label={`Hits of ${ALL} requests over the size of the cache`}
          setting={(place) => `places: ${place + 1}`}
          first={PLACES - 1}
          ticks={[1, 4, 8, 12].map((places) => ({ place: places - 1, text: String(places) }))}
          most={ALL}
          rules={[0, 60, 120, 180, ALL]}
          says={(place) => sizeSays(place + 1, hits[place]!, hits[place + 1] ?? hits[place]!)}
        />
      )}
    </Soon>
  ),
  answers: ANSWERS,
  own: <PolicyMisses factors={[1, 2]} />,
  playground: { workload: run.workload, caches: run.caches, at: run.askAt },
});
