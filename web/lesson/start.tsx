import type { ComponentChildren } from "preact";
import { render } from "preact";
import { systemClock } from "../../src/lib/clock.ts";
import { Display, DisplayProvider } from "../live/display.ts";
import { DisplaySwitches } from "../parts/page-head.tsx";
import { Tip } from "../parts/tip.tsx";
import { DEFAULT_SETTINGS, type PlaySettings, writeHash } from "../play/settings.ts";
import type { Answer } from "./answer.ts";
import { Choices } from "./choices.tsx";

/** The moving parts of a lesson. Its text stands in the page already: `lesson-body.ts`. */
export interface LessonParts {
  readonly stage: ComponentChildren;
  readonly change: ComponentChildren;
  readonly answers: readonly Answer[];
  /** The run as the playground shows it, if it can. */
  readonly playground?: PlaygroundSettings;
}

/** Settings of the playground; what is missing has its default. */
export type PlaygroundSettings = Pick<PlaySettings, "workload" | "caches"> & Partial<PlaySettings>;

/** Puts the moving parts into their places. */
export function startLesson({ stage, change, answers, playground }: LessonParts): void {
  const place = placer();
  document.documentElement.classList.add("asking");
  for (const details of document.querySelectorAll<HTMLDetailsElement>("#change details")) {
    details.open = false;
  }
  place("stage", stage);
  place("moving", change);
  place("choices", <Choices answers={answers} />);
  const link = document.getElementById("in-playground");
  if (link instanceof HTMLAnchorElement && playground !== undefined) {
    link.href += writeHash({ ...DEFAULT_SETTINGS, ...playground });
  }
}

/** Puts the reader's switches into a page's head. Returns what puts parts into other places. */
export function placer(): (id: string, part: ComponentChildren) => void {
  const display = new Display(systemClock);
  const place = (id: string, part: ComponentChildren): void => {
    const element = document.getElementById(id)!;
    element.textContent = "";
    render(<DisplayProvider value={display}>{part}</DisplayProvider>, element);
  };
  place("tools", [<DisplaySwitches key="switches" />, <Tip key="tip" />]);
  return place;
}
