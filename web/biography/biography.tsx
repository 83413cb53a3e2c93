import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import type { BiographyEvent, BiographyReport, ToldKey, WatchReport } from "../../src/instruments/view.ts";
import { problemText } from "../live/api.ts";
import { useDashboard } from "../live/dashboard.ts";
import { KeyName } from "../parts/key-name.tsx";
import { keyText } from "../parts/key-text.ts";
import { clockText, counted, durationText, sizeText } from "../parts/text.ts";
import { keyPath } from "./key-path.ts";
import { StoryLine } from "./story-line.tsx";

const REFRESH_MS = 2000;
/** The newest events; more are told by the API. */
const SHOWN = 40;

/** A mark and its colour for each kind of event. */
const EVENT_LOOKS: Readonly<Record<BiographyEvent["what"], readonly [mark: string, look: string]>> = {
  hit: ["|", "hit"],
  miss: ["#", "miss"],
  coalesced: ["=", "coalesced"],
  filled: ["+", "fill"],
  refused: ["–", "evicted"],
  written: [">", "forwarded"],
  deleted: ["×", "forwarded"],
  invalidated: ["×", "forwarded"],
  expired: ["○", "evicted"],
  evicted: ["○", "evicted"],
  dropped: ["○", "wrong"],
};

export interface BiographyProps {
  readonly name: ToldKey;
  readonly onClose: () => void;
}

/** A key's story: where its entry is now, and what happened to it and why. */
export function Biography({ name, onClose }: BiographyProps) {
  const { api, link } = useDashboard();
  const report = useSignal<BiographyReport | undefined>(undefined);
  const problem = useSignal("");
  const heading = useRef<HTMLHeadingElement>(null);
  const path = keyPath(name);
  const ask = async (): Promise<void> => {
    try {
      report.value = await api.get<BiographyReport>(path);
      problem.value = "";
    } catch (error) {
      problem.value = problemText(error);
    }
  };
  const isLive = link.value.state === "live";
  useEffect(() => {
    report.value = undefined;
    void ask();
    if (!isLive) return undefined;
    const timer = setInterval(() => void ask(), REFRESH_MS);
    return () => clearInterval(timer);
  }, [path, isLive]);
  useEffect(() => heading.current?.focus(), [path]);
  const story = report.value;
  const watch = async (): Promise<void> => {
    try {
      const method = story?.isWatched ? "DELETE" : "POST";
      await api.send<WatchReport>(method, "/api/watch", { pattern: escapedGlob(keyText(name)) });
      await ask();
    } catch (error) {
      problem.value = problemText(error);
    }
  };
  const events = [...(story?.events ?? [])].reverse();
  return (
    <section
      class="biography"
      aria-label={`The story of ${keyText(name)}`}
      onKeyDown={(event) => {
        if (event.key === "Escape") onClose();
      }}
    >
      <h3 ref={heading} tabIndex={-1}>
        <KeyName name={keyText(name)} />
      </h3>
      <button type="button" class="close" onClick={onClose} aria-label="Close">
        ×
      </button>
      {problem.value !== "" && <p class="wrong">{problem.value}</p>}
      {story !== undefined && (
        <>
          <p class="prose">{presentText(story)}</p>
          <StoryLine events={story.events} />
          <ol class="events">
            {events.slice(0, SHOWN).map((event, at) => {
              const [mark, look] = EVENT_LOOKS[event.what];
              return (
                <li key={`${event.atMs} ${at}`}>
                  <time>{clockText(event.atMs)}</time>
                  <b class={`mark ${look}`}>{mark}</b>
                  <span>{event.text}</span>
                </li>
              );
            })}
          </ol>
          {events.length > SHOWN && (
            <p class="label">{counted(events.length - SHOWN, "earlier event")} not shown</p>
          )}
          {events.length === 0 && <p class="prose">Nothing is remembered of it yet.</p>}
          <p class="label">{completeness(story)}</p>
          {"text" in name && !api.isSaved && (
            <p>
              <button type="button" onClick={watch}>
                {story.isWatched ? "Stop watching" : "Watch: keep its whole story"}
              </button>
            </p>
          )}
        </>
      )}
    </section>
  );
}

function presentText({ present }: BiographyReport): string {
  if (present === undefined) return "It is not in the cache now.";
  const { queue, policy, reads, ageMs, ttlMs, valueBytes } = present as Record<
    string,
    string | number | undefined
  >;
  const ttl =
    typeof ttlMs === "number" && ttlMs >= 0 ? `expires in ${durationText(ttlMs)}` : "never expires by itself";
  return (
    `It is in the cache${queue === undefined ? "" : `, in ${policy}'s queue “${queue}”`}: ${sizeText(Number(valueBytes))}, ` +
    `filled ${durationText(Number(ageMs))} ago, read ${counted(Number(reads), "time")} since; it ${ttl}.`
  );
}

function completeness({ isSampled, isWatched, forgotten }: BiographyReport): string {
  if (isWatched || isSampled) {
    const lost = forgotten > 0 ? ` ${counted(forgotten, "earlier event")} were forgotten.` : "";
    return `Its whole story is kept, because it is ${isWatched ? "watched" : "in the sample"}.${lost}`;
  }
  return "Of a key that is neither watched nor in the sample only departures are known: how its entries left.";
}

/** A pattern that means this key alone. */
function escapedGlob(text: string): string {
  return text.replace(/[*?[\\]/g, "\\$&");
}
