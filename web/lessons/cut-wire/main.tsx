import { startLesson } from "../../lesson/start.tsx";
import { OwnChannels } from "../../own/own-channels.tsx";
import { FailureStage } from "./failure-stage.tsx";
import { WireStage } from "./wire-stage.tsx";
import { ANSWERS } from "./words.ts";

startLesson({ stage: <FailureStage />, change: <WireStage />, answers: ANSWERS, own: <OwnChannels /> });
