import { CacheStage } from "../../lesson/cache-stage.tsx";
import { Lines } from "../../lesson/lines.tsx";
import { taught } from "../../lesson/policies.ts";
import { Soon } from "../../lesson/soon.tsx";
import { startLesson } from "../../lesson/start.tsx";
import { PolicyMisses } from "../../own/policy-misses.tsx";
import { AFTER, CACHES, SCAN, scanResults, scanRun } from "./run.ts";
import { ANSWERS, lengthSays, phase, verdict } from "./words.ts";

const LONGEST = 40;
const QUIET_STEP_MS = 300;
const STEP_MS = 420;

const scan = await scanRun(SCAN);
const LENGTHS = Array.from({ length: LONGEST + 1 }, (_, length) => length);

startLesson({
  stage: (
    <CacheStage
      staged={scan}
      phase={(at) => phase(at, scan)}
      stepMs={(at) => (at < scan.askAt ? QUIET_STEP_MS : STEP_MS)}
      moments={[scan.askAt + Math.ceil((scan.after - scan.askAt) / 2), scan.after]}
      asks={`The scan is at the door: ${SCAN} strangers. How many of the ${AFTER} requests after it will be hits?`}
      keep="Keep my guess and let it come"
      verdict={verdict}
    />
  ),
  change: (
    <Soon of={LENGTHS} make={async (length) => scanResults(await scanRun(length))}>
      {(runs) => (
        <Lines
          lines={CACHES.map(({ policy }, i) => ({
            ...taught(policy),
            values: runs.map((results) => results[i]!.hits),
          }))}
          label={`Hits of ${AFTER} over the length of the scan`}
          setting={(length) => `strangers in the scan: ${length}`}
          first={SCAN}
          ticks={[0, 8, 20, 30, 40].map((place) => ({ place, text: String(place) }))}
          most={AFTER}
          rules={[0, 5, 10, 15, 20]}
          says={(length) => lengthSays(length, runs[length]!)}
        />
      )}
    </Soon>
  ),
  answers: ANSWERS,
  own: <PolicyMisses />,
  playground: { workload: scan.workload, caches: CACHES, at: scan.askAt },
});
