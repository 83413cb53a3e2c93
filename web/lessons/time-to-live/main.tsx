import { Soon } from "../../lesson/soon.tsx";
import { startLesson } from "../../lesson/start.tsx";
import { ExpiryFigures, OwnFigures } from "../../own/figures.tsx";
import { MissLine } from "../../own/past-line.tsx";
import { HerdStage, JitterSlider } from "./herd-stage.tsx";
import { JITTERS, PLAYGROUND, TIME_TO_LIVE, timeToLiveFacts } from "./run.ts";
import { ANSWERS } from "./words.ts";

const facts = timeToLiveFacts(TIME_TO_LIVE);

startLesson({
  stage: <HerdStage facts={facts} />,
  change: (
    <Soon
      of={JITTERS}
      make={(jitter) => (jitter === 0 ? facts : timeToLiveFacts({ ...TIME_TO_LIVE, jitter }))}
    >
      {(runs) => <JitterSlider runs={runs} />}
    </Soon>
  ),
  answers: ANSWERS,
  own: (
    <>
      <MissLine />
      <OwnFigures>
        <ExpiryFigures />
      </OwnFigures>
    </>
  ),
  playground: PLAYGROUND,
});
