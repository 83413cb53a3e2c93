import { render } from "preact";
import { WireStage } from "./wire-stage.tsx";

render(<WireStage />, document.getElementById("stage")!);
