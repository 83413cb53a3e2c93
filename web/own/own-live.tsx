import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect } from "preact/hooks";
import { type Dashboard, DashboardProvider, liveDashboard, useDashboard } from "../live/dashboard.ts";
import { useDisplay } from "../live/display.ts";
import { useOnScreen } from "../parts/chart.tsx";
import { WhileOnScreen } from "../parts/on-screen.tsx";
import { clockText } from "../parts/text.ts";
import { Awaited } from "../parts/view.tsx";

/** What a proxy sees of its own traffic, within a page that it serves. It is followed once it has been on the screen. */
export function OwnLive({ children }: { readonly children: ComponentChildren }) {
  const display = useDisplay();
  const [ref, isOnScreen] = useOnScreen<HTMLDivElement>();
  const dashboard = useSignal<Dashboard | undefined>(undefined);
  useEffect(() => {
    if (isOnScreen && dashboard.value === undefined) dashboard.value = liveDashboard(display);
  }, [isOnScreen]);
  return (
    <div ref={ref} class="own-live" role="group" aria-label="This proxy, now">
      {dashboard.value === undefined ? (
        <Awaited>The figures are on their way.</Awaited>
      ) : (
        <DashboardProvider value={dashboard.value}>
          <WhileOnScreen>
            <Followed>{children}</Followed>
          </WhileOnScreen>
        </DashboardProvider>
      )}
    </div>
  );
}

/** The figures, once there are some. */
function Followed({ children }: { readonly children: ComponentChildren }) {
  const { link, reading, recent } = useDashboard();
  const { state, sinceMs } = link.value;
  if (reading.value === undefined) {
    return (
      <Awaited>
        {state === "lost"
          ? `The proxy has not answered since ${clockText(sinceMs)}; it is asked again.`
          : "The figures are on their way."}
      </Awaited>
    );
  }
  if (!recent.figure("glasscache_keys_read_total")) {
    return (
      <Awaited>
        Nobody has read anything from this proxy yet. Let a program ask it, and the figures stand here.
      </Awaited>
    );
  }
  return (
    <>
      {state === "lost" && (
        <Awaited>Not live since {clockText(sinceMs)}: the proxy does not answer. It is asked again.</Awaited>
      )}
      {children}
    </>
  );
}
