import { CacheStage } from "../../lesson/cache-stage.tsx";
import { Lines } from "../../lesson/lines.tsx";
import { taught } from "../../lesson/policies.ts";
import { Soon } from "../../lesson/soon.tsx";
import { startLesson } from "../../lesson/start.tsx";
import { PolicyMisses } from "../../own/policy-misses.tsx";
import { CACHES, COMPARED, COUNTED, futureRun, hitsWith, SIZES, threadsOf } from "./run.ts";
import { Threads } from "./threads.tsx";
import { ANSWERS, phase, sizeSays, verdict } from "./words.ts";

const STEP_MS = 600;
/** 40 places. */
const FIRST_PLACE = 3;

const run = await futureRun();

startLesson({
  stage: (
    <CacheStage
      staged={run}
      phase={(at) => phase(at, run)}
      stepMs={() => STEP_MS}
      moments={[run.askAt + 1, run.askAt + COUNTED / 4, run.askAt + COUNTED / 2]}
      asks={`How many of the next ${COUNTED} requests will be hits? The threads show what Belady’s cache knows.`}
      keep="Keep my guess and go on"
      verdict={verdict}
    >
      {(stage) => <Threads threads={threadsOf(stage, 1)} />}
    </CacheStage>
  ),
  change: (
    <Soon of={SIZES} make={hitsWith}>
      {(hits) => (
        <Lines
          lines={COMPARED.map((policy, i) => ({ ...taught(policy), values: hits.map((each) => each[i]!) }))}
          label="Hits of 100 requests over the size of the cache"
          setting={(place) => `places: ${SIZES[place]}`}
          first={FIRST_PLACE}
          ticks={SIZES.map((places, place) => ({ place, text: String(places) })).filter(
            ({ place }) => place % 2 === 0,
          )}
          most={100}
          rules={[0, 25, 50, 75, 100]}
          says={(place) => sizeSays(SIZES[place]!, hits[place]!)}
        />
      )}
    </Soon>
  ),
  answers: ANSWERS,
  own: <PolicyMisses />,
  playground: { workload: run.workload, caches: CACHES, at: run.askAt },
});
