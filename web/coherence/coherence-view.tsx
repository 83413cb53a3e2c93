import { useDashboard } from "../live/dashboard.ts";
import { Awaited, View } from "../parts/view.tsx";
import { Auditor } from "./auditor.tsx";
import { Channels } from "./channels.tsx";
import { Clients } from "./clients.tsx";
import { Coalescing } from "./coalescing.tsx";
import { Invalidations } from "./invalidations.tsx";
import { SlowRequests } from "./slow-requests.tsx";

/** How old an answer could be, who asks, and what took long. */
export function CoherenceView() {
  const { reading } = useDashboard();
  const { channels, slow } = reading.value?.sections ?? {};
  return (
    <View
      id="coherence"
      title="Coherence and clients"
      lessons={["write-race", "cold-key", "cut-wire"]}
      question="How old could an answer be, and who asks?"
    >
      <div class="coherence">
        <section>
          <h3>Channels to the origin</h3>
          {channels === undefined ? (
            <Awaited>They are on their way.</Awaited>
          ) : (
            <Channels report={channels} />
          )}
        </section>
        <section class="figures">
          <Invalidations />
          <Coalescing />
          <Auditor />
        </section>
        <section>
          <h3>Clients</h3>
          <Clients />
        </section>
        <section>
          <h3>Slow requests</h3>
          {slow === undefined ? <Awaited>They are on their way.</Awaited> : <SlowRequests report={slow} />}
        </section>
      </div>
    </View>
  );
}
