import { Coalescing } from "../../coherence/coalescing.tsx";
import { Lines } from "../../lesson/lines.tsx";
import { Soon } from "../../lesson/soon.tsx";
import { startLesson } from "../../lesson/start.tsx";
import { OwnFigures } from "../../own/figures.tsx";
import { CrowdStage } from "./crowd-stage.tsx";
import { ALONE, bothAt, COLD_KEY, LATENCIES_MS, PLAYGROUND } from "./run.ts";
import { ANSWERS, latencySays } from "./words.ts";

const LOOKS = [
  { title: "every miss", look: { colour: "--miss", dash: undefined, mark: "M-3.5-3.5h7v7h-7Z" } },
  {
    title: "shared",
    look: { colour: "--coalesced", dash: "7 3", mark: "M-4 0a4 4 0 1 0 8 0a4 4 0 1 0-8 0Z" },
  },
] as const;

startLesson({
  stage: <CrowdStage />,
  change: (
    <Soon of={LATENCIES_MS} make={bothAt}>
      {(runs) => (
        <Lines
          lines={LOOKS.map((line, i) => ({ ...line, values: runs.map((both) => both[i]!.questions) }))}
          label="Questions to the origin over the way there"
          setting={(place) => `the way to the origin: ${LATENCIES_MS[place]} ms`}
          first={LATENCIES_MS.indexOf(COLD_KEY.latencyMs)}
          ticks={LATENCIES_MS.flatMap((ms, place) => (ms % 20 === 0 ? [{ place, text: `${ms} ms` }] : []))}
          most={ALONE.clients}
          rules={[0, 250, 500, 750, 1000]}
          says={(place) => latencySays({ ...ALONE, latencyMs: LATENCIES_MS[place]! }, ...runs[place]!)}
        />
      )}
    </Soon>
  ),
  answers: ANSWERS,
  own: (
    <OwnFigures>
      <Coalescing />
    </OwnFigures>
  ),
  playground: PLAYGROUND,
});
