import { Channels } from "../coherence/channels.tsx";
import { useDashboard } from "../live/dashboard.ts";
import { Awaited } from "../parts/view.tsx";

/** The channels of this proxy. */
export function OwnChannels() {
  const report = useDashboard().reading.value?.sections.channels;
  if (report === undefined) return <Awaited>They are on their way.</Awaited>;
  return (
    <div class="scrolls" tabIndex={0}>
      <Channels report={report} />
    </div>
  );
}
