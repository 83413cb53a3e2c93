import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { DashboardProvider, useDashboard } from "../live/dashboard.ts";
import { gated } from "../live/gate.ts";
import { useOnScreen } from "./chart.tsx";

/** How often views that are not on the screen are drawn, so that what is scrolled to, printed or saved is not old. */
const UNSEEN_EVERY_MS = 5000;
/** When nobody has touched the page of late. */
const UNATTENDED_EVERY_MS = 30_000;

/** Views within get every figure only while they are on the screen, or nearly: drawing costs as much unseen as seen. */
export function WhileOnScreen({ children }: { readonly children: ComponentChildren }) {
  const dashboard = useDashboard();
  const [ref, isOnScreen] = useOnScreen<HTMLDivElement>();
  const hasFigures =
    dashboard.histories[0]!.report.value !== undefined && dashboard.reading.value !== undefined;
  const everyMs = dashboard.display.isAttended.value ? UNSEEN_EVERY_MS : UNATTENDED_EVERY_MS;
  const gate = useMemo(() => gated(dashboard), [dashboard]);
  useEffect(() => {
    // Everything is drawn once, as soon as there are figures.
    gate.isOpen.value = isOnScreen || !hasFigures;
    if (gate.isOpen.value) return undefined;
    const timer = setInterval(() => {
      gate.isOpen.value = true;
      gate.isOpen.value = false;
    }, everyMs);
    return () => clearInterval(timer);
  }, [gate, isOnScreen, hasFigures, everyMs]);
  return (
    <div ref={ref} class="place">
      <DashboardProvider value={gate.dashboard}>{children}</DashboardProvider>
    </div>
  );
}
