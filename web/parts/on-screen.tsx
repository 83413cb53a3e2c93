import type { ComponentChildren } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { DashboardProvider, useDashboard } from "../live/dashboard.ts";
import { gated } from "../live/gate.ts";
import { useOnScreen } from "./chart.tsx";

/** Views within get new figures only while they are on the screen, or nearly: drawing costs as much unseen as seen. */
export function WhileOnScreen({ children }: { readonly children: ComponentChildren }) {
  const dashboard = useDashboard();
  const [ref, isOnScreen] = useOnScreen<HTMLDivElement>();
  const gate = useMemo(() => gated(dashboard), [dashboard]);
  useEffect(() => {
    gate.isOpen.value = isOnScreen;
  }, [gate, isOnScreen]);
  return (
    <div ref={ref} class="place">
      <DashboardProvider value={gate.dashboard}>{children}</DashboardProvider>
    </div>
  );
}
