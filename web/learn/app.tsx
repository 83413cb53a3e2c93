import { useEffect } from "preact/hooks";
import { Brand, DisplaySwitches } from "../parts/page-head.tsx";
import { Tip } from "../parts/tip.tsx";
import { HowToRead, View } from "../parts/view.tsx";
import { CacheColumn } from "./cache-column.tsx";
import { Controls } from "./controls.tsx";
import { CourseEntry } from "./course-entry.tsx";
import { CurveChart } from "./curve-chart.tsx";
import { onKey } from "./keyboard.ts";
import { Legend } from "./legend.tsx";
import type { Player } from "./player.ts";
import { Score } from "./score.tsx";
import { Setup } from "./setup.tsx";
import { SourceState } from "./source-state.tsx";
import { StreamRow } from "./stream-row.tsx";
import { Why } from "./why.tsx";
import { WrittenPolicy } from "./written-policy.tsx";

/** The whole page. */
export function App({ player }: { readonly player: Player }) {
  useEffect(() => {
    const listen = (event: KeyboardEvent): void => onKey(event, player);
    addEventListener("keydown", listen);
    return () => removeEventListener("keydown", listen);
  }, [player]);
  const shown = player.shown.value;
  const { caches, speed } = player.settings.value;
  const links = JSON.parse(document.documentElement.dataset["links"] ?? "{}") as Record<string, string>;
  return (
    <>
      <a class="skip" href="#controls">
        Skip to the controls
      </a>
      <header class="head">
        <Brand />
        <h1 class="which">The playground</h1>
        <nav aria-label="Pages">
          {links["lessons"] !== undefined && <a href={links["lessons"]}>Lessons</a>}
          {links["dashboard"] !== undefined && <a href={links["dashboard"]}>Dashboard</a>}
        </nav>
        <div class="tools">
          <DisplaySwitches />
        </div>
      </header>
      <CourseEntry />
      <main class={caches.length > 2 ? "play many" : "play"}>
        <View
          id="playground"
          title="Which entries stay?"
          question="The same requests for every cache; each has its own rule for who leaves."
        >
          <Setup player={player} />
          {player.problems.value.map((problem) => (
            <p key={problem} class="problem" role="alert">
              <b class="mark wrong">!</b> {problem}
            </p>
          ))}
          {shown === undefined || player.source.value.state === "reading" ? (
            <SourceState player={player} />
          ) : (
            <div class={player.isPlaying.value ? `stage pace-${speed}` : "stage"}>
              <StreamRow view={shown.view} />
              <div class={`caches of-${caches.length}`}>
                {shown.view.caches.map((cache, i) => (
                  <CacheColumn
                    key={i}
                    index={i}
                    cache={cache}
                    before={shown.before?.caches[i]}
                    at={shown.view.at}
                    step={shown.step}
                    player={player}
                  />
                ))}
              </div>
              <Legend caches={shown.view.caches} />
              <HowToRead>
                Entries come in at the left of each line and move along it towards its arrow, where they pass
                on or leave. A tile moves only when its place in the policy's order changes. A stroke on a
                tile is a read since it came in. Dashed tiles are ghosts: keys that the policy remembers,
                without their values.
              </HowToRead>
              <Score view={shown.view} player={player} />
            </div>
          )}
          <WrittenPolicy player={player} />
        </View>
        {shown !== undefined && (
          <aside class="beside">
            <CurveChart player={player} />
            <Why player={player} />
          </aside>
        )}
      </main>
      <Controls player={player} />
      <Tip />
    </>
  );
}
