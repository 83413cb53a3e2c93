import type { ComponentChildren } from "preact";
import { OwnLive } from "../own/own-live.tsx";
import { DisplaySwitches } from "../parts/page-head.tsx";
import { Tip } from "../parts/tip.tsx";
import { DEFAULT_SETTINGS, type PlaySettings, writeHash } from "../play/settings.ts";
import type { Answer } from "./answer.ts";
import { Choices } from "./choices.tsx";
import { pagePlaces } from "./places.tsx";

/** The moving parts of a lesson. Its text stands in the page already: `lesson-body.ts`. */
export interface LessonParts {
  readonly stage: ComponentChildren;
  readonly change: ComponentChildren;
  readonly answers: readonly Answer[];
  /** What it is about, of the live traffic of the proxy that serves the page. */
  readonly own: ComponentChildren;
  /** The run as the playground shows it, if it can. */
  readonly playground?: PlaygroundSettings;
}

/** Settings of the playground; what is missing has its default. */
export type PlaygroundSettings = Pick<PlaySettings, "workload" | "caches"> & Partial<PlaySettings>;

/** Puts the moving parts into their places. */
export function startLesson({ stage, change, answers, own, playground }: LessonParts): void {
  const place = pagePlaces();
  place("tools", [<DisplaySwitches key="switches" />, <Tip key="tip" />]);
  document.documentElement.classList.add("asking");
  for (const details of document.querySelectorAll<HTMLDetailsElement>("#change details")) {
    details.open = false;
  }
  place("stage", stage);
  place("moving", change);
  place("choices", <Choices answers={answers} />);
  if (document.getElementById("own-live") !== null) place("own-live", <OwnLive>{own}</OwnLive>);
  const link = document.getElementById("in-playground");
  if (link instanceof HTMLAnchorElement && playground !== undefined) {
    link.href += writeHash({ ...DEFAULT_SETTINGS, ...playground });
  }
}
