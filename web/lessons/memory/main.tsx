import { Lines } from "../../lesson/lines.tsx";
import { taught } from "../../lesson/policies.ts";
import { Soon } from "../../lesson/soon.tsx";
import { cachesOf } from "../../lesson/staged-run.ts";
import { startLesson } from "../../lesson/start.tsx";
import { SizeCurves } from "../../own/size-curves.tsx";
import { CurveStage } from "./curve-stage.tsx";
import { BUY, COMPARED, HAVE, lruCurve, memoryRequests, missesWith, SEED, SIZES, WORKLOAD } from "./run.ts";
import { ANSWERS, policiesSay } from "./words.ts";

const requests = await memoryRequests();
const curve = lruCurve(requests);

startLesson({
  stage: <CurveStage curve={curve} />,
  change: (
    <Soon of={SIZES} make={(places) => missesWith(requests, places)}>
      {(misses) => (
        <Lines
          lines={COMPARED.map((policy, i) => ({
            ...taught(policy),
            values: misses.map((each) => each[i]!),
          }))}
          label="Misses of 100 requests over the size of the cache"
          setting={(place) => `places: ${SIZES[place]}`}
          first={SIZES.indexOf(BUY)}
          ticks={SIZES.map((places, place) => ({ place, text: String(places) })).filter(
            ({ place }) => place % 5 === 0,
          )}
          most={100}
          rules={[0, 25, 50, 75, 100]}
          says={(place) => policiesSay(SIZES[place]!, misses[place]!)}
        />
      )}
    </Soon>
  ),
  answers: ANSWERS,
  own: <SizeCurves />,
  playground: {
    workload: WORKLOAD,
    seed: SEED,
    caches: cachesOf(["lru", "s3-fifo"], HAVE),
    at: 0,
  },
});
