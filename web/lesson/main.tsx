import { render } from "preact";
import { systemClock } from "../../src/lib/clock.ts";
import { Display, DisplayProvider } from "../live/display.ts";
import { DisplaySwitches } from "../parts/page-head.tsx";
import { Tip } from "../parts/tip.tsx";
import { DEFAULT_SETTINGS, writeHash } from "../play/settings.ts";
import { Choices } from "./choices.tsx";
import { Lengths } from "./lengths.tsx";
import { CACHES, SCAN, scanRun } from "./scan-run.ts";
import { Stage } from "./stage.tsx";

/** The lesson's text stands in the page already; these are its moving parts. */
const scan = await scanRun(SCAN);
const display = new Display(systemClock);
const root = document.documentElement;
root.classList.add("asking");
for (const table of document.querySelectorAll<HTMLDetailsElement>("#change details")) table.open = false;

const place = (id: string, part: preact.ComponentChildren): void => {
  const element = document.getElementById(id)!;
  element.textContent = "";
  render(<DisplayProvider value={display}>{part}</DisplayProvider>, element);
};
place("tools", [<DisplaySwitches key="switches" />, <Tip key="tip" />]);
place("stage", <Stage scan={scan} said={document.getElementById("said")!} />);
place("lengths", <Lengths />);
place("choices", <Choices />);
const link = document.getElementById("in-playground") as HTMLAnchorElement;
link.href += writeHash({ ...DEFAULT_SETTINGS, workload: scan.workload, caches: CACHES, at: scan.scanAt });
