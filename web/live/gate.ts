import { computed, type ReadonlySignal, type Signal, signal } from "@preact/signals";
import type { Dashboard } from "./dashboard.ts";
import { RecentFigures } from "./recent.ts";

/** A dashboard whose figures stand still while the gate is closed. */
export interface Gate {
  readonly dashboard: Dashboard;
  readonly isOpen: Signal<boolean>;
}

export function gated(dashboard: Dashboard): Gate {
  const isOpen = signal(true);
  const held = <T>(source: ReadonlySignal<T>): ReadonlySignal<T> => {
    let last = source.peek();
    return computed(() => {
      // Something old is better than nothing when the view comes on the screen.
      if (isOpen.value || last === undefined) last = source.value;
      return last;
    });
  };
  return {
    isOpen,
    dashboard: {
      ...dashboard,
      reading: held(dashboard.reading),
      recent: new RecentFigures(held(dashboard.recent.moments)),
      histories: dashboard.histories.map((history) => ({
        span: history.span,
        report: held(history.report),
        follow: (everyMs) => history.follow(everyMs),
      })),
    },
  };
}
