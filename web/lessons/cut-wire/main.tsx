import { startLesson } from "../../lesson/start.tsx";
import { FailureStage } from "./failure-stage.tsx";
import { WireStage } from "./wire-stage.tsx";
import { ANSWERS } from "./words.ts";

startLesson({ stage: <FailureStage />, change: <WireStage />, answers: ANSWERS });
