import { Lines } from "../../lesson/lines.tsx";
import { taught } from "../../lesson/policies.ts";
import { Soon } from "../../lesson/soon.tsx";
import { startLesson } from "../../lesson/start.tsx";
import { SizeCurves } from "../../own/size-curves.tsx";
import { recordingIn } from "./recording-text.ts";
import { ReplayStage } from "./replay-stage.tsx";
import { HAVE, missesAt, missesSoFar, PLAYGROUND, POLICIES, REPLAYED, SIZES } from "./run.ts";
import { ANSWERS, sizeSays } from "./words.ts";

const requests = await recordingIn(document);

startLesson({
  stage: (
    <ReplayStage requests={requests.count} curves={REPLAYED.map((cache) => missesSoFar(requests, cache))} />
  ),
  change: (
    <Soon of={SIZES} make={(size) => missesAt(requests, size)}>
      {(misses) => (
        <Lines
          lines={POLICIES.map((policy, i) => ({
            ...taught(policy),
            values: misses.map((each) => each[i]!),
          }))}
          label="Misses of 100 reads over the size of the cache"
          setting={(place) => `places: ${SIZES[place]}`}
          first={SIZES.indexOf(HAVE)}
          ticks={SIZES.map((size, place) => ({ place, text: String(size) })).filter(
            ({ place }) => place % 2 === 0,
          )}
          most={100}
          rules={[0, 25, 50, 75, 100]}
          says={(place) =>
            sizeSays(
              SIZES[place]!,
              misses[place]!,
              misses.map(([lru]) => lru!),
            )
          }
        />
      )}
    </Soon>
  ),
  answers: ANSWERS,
  own: <SizeCurves />,
  playground: PLAYGROUND,
});
