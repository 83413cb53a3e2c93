import { CacheStage } from "../../lesson/cache-stage.tsx";
import { Lines } from "../../lesson/lines.tsx";
import { startLesson } from "../../lesson/start.tsx";
import { HitFigures, OwnFigures } from "../../own/figures.tsx";
import { HitLine } from "../../own/past-line.tsx";
import { policyLook } from "../../what-if/policy-looks.ts";
import { CACHES, COUNTED, coldRun, LATEST, LONGEST, warmingUp } from "./run.ts";
import { ANSWERS, phase, verdict, warmthSays } from "./words.ts";

const FIRST_STEP_MS = 1100;
const STEP_MS = 600;
const FIRST_PLACE = 40;

const run = await coldRun();
const warmth = await warmingUp();
const dashed = policyLook("lru");
const solid = policyLook("s3-fifo");

startLesson({
  stage: (
    <CacheStage
      staged={run}
      phase={(at) => phase(at, run)}
      stepMs={(at) => (at < run.askAt ? FIRST_STEP_MS : STEP_MS)}
      moments={[run.askAt + COUNTED / 2]}
      asks={`How many of the next ${COUNTED} requests will be hits?`}
      keep="Keep my guess and go on"
      verdict={verdict}
      plain="The cache"
    />
  ),
  change: (
    <Lines
      lines={[
        {
          title: `latest ${LATEST}`,
          look: { ...solid, colour: "--hit" },
          values: warmth.map(({ latestHits, latest }) => (100 * latestHits) / latest),
        },
        {
          title: "so far",
          look: { ...dashed, colour: "--ink-soft" },
          values: warmth.map(({ requests, hits }) => (100 * hits) / requests),
        },
      ]}
      label="Share of hits over the requests since the start"
      setting={(place) => `requests since the start: ${place + 1}`}
      first={FIRST_PLACE - 1}
      ticks={[1, 50, 100, 150, LONGEST].map((requests) => ({ place: requests - 1, text: String(requests) }))}
      most={100}
      rules={[0, 25, 50, 75, 100]}
      unit=" %"
      says={(place) => warmthSays(warmth[place]!)}
    />
  ),
  answers: ANSWERS,
  own: (
    <>
      <HitLine />
      <OwnFigures>
        <HitFigures />
      </OwnFigures>
    </>
  ),
  playground: { workload: run.workload, caches: CACHES, at: run.askAt },
});
