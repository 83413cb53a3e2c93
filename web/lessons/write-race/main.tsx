import { Invalidations } from "../../coherence/invalidations.tsx";
import { startLesson } from "../../lesson/start.tsx";
import { OwnFigures } from "../../own/figures.tsx";
import { RaceStage } from "./race-stage.tsx";
import { raceOutcomes, SIMPLE } from "./run.ts";
import { StoryStage } from "./story-stage.tsx";
import { ANSWERS } from "./words.ts";

startLesson({
  stage: <StoryStage outcomes={raceOutcomes(SIMPLE)} />,
  change: <RaceStage />,
  answers: ANSWERS,
  own: (
    <OwnFigures>
      <Invalidations />
    </OwnFigures>
  ),
});
