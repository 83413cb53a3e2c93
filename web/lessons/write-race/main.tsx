import { render } from "preact";
import { RaceStage } from "./race-stage.tsx";

render(<RaceStage />, document.getElementById("stage")!);
