import { useComputed, useSignalEffect } from "@preact/signals";
import { CoherenceView } from "../coherence/coherence-view.tsx";
import { InsideView } from "../inside/inside-view.tsx";
import { KeysView } from "../keys/keys-view.tsx";
import { useDashboard } from "../live/dashboard.ts";
import { NowView } from "../now/now-view.tsx";
import { WhileOnScreen } from "../parts/on-screen.tsx";
import { Tip } from "../parts/tip.tsx";
import { TimeView } from "../time/time-view.tsx";
import { WhatIfView } from "../what-if/what-if-view.tsx";
import { Head } from "./head.tsx";
import { useVerdict } from "./verdict.ts";
import { VerdictLine } from "./verdict-line.tsx";

/** The whole page. */
export function App() {
  const { link, reading } = useDashboard();
  const verdict = useVerdict();
  const isLive = useComputed(() => link.value.state !== "lost");
  const service = useComputed(() => reading.value?.service);
  useSignalEffect(() => {
    document.title =
      `${verdict.value.kind === "alarm" ? "(!) " : ""}Glasscache ${service.value ?? ""}`.trim();
  });
  // Views are shown once it is known which ones the service has.
  const isProxy = service.value === "proxy";
  return (
    <>
      <a class="skip" href="#now">
        Skip to the figures
      </a>
      <Head />
      <VerdictLine verdict={verdict.value} />
      <main class={isLive.value ? "" : "lost"}>
        <WhileOnScreen>
          <NowView />
        </WhileOnScreen>
        {isProxy && (
          <WhileOnScreen>
            <WhatIfView />
          </WhileOnScreen>
        )}
        {isProxy && (
          <WhileOnScreen>
            <InsideView />
          </WhileOnScreen>
        )}
        {isProxy && (
          <WhileOnScreen>
            <KeysView />
          </WhileOnScreen>
        )}
        <WhileOnScreen>
          <TimeView />
        </WhileOnScreen>
        {isProxy && (
          <WhileOnScreen>
            <CoherenceView />
          </WhileOnScreen>
        )}
      </main>
      <Tip />
    </>
  );
}
