import { useDashboard } from "../live/dashboard.ts";
import { View } from "../parts/view.tsx";
import { Hero } from "./hero.tsx";
import { Latency } from "./latency.tsx";
import { nowFigures } from "./now-figures.ts";
import { Pane } from "./pane.tsx";
import { Vitals } from "./vitals.tsx";

/** What the cache does at this moment. */
export function NowView() {
  const dashboard = useDashboard();
  const figures = nowFigures(dashboard);
  const isServer = dashboard.reading.value?.service === "server";
  return (
    <View
      id="now"
      title="Now"
      lessons={["locality"]}
      question={
        isServer ? "What does the server do, and is it well?" : "What does the cache do, and is it well?"
      }
    >
      <div class="now">
        <div class="column">
          <Hero figures={figures} />
          <Vitals />
        </div>
        <div class="column">
          {!isServer && <Pane figures={figures} />}
          <Latency />
        </div>
      </div>
    </View>
  );
}
