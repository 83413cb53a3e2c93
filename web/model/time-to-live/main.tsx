import { render } from "preact";
import { HerdStage } from "./herd-stage.tsx";

render(<HerdStage />, document.getElementById("stage")!);
