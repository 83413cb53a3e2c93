import type { BiographyReport } from "../../instruments/view.ts";
import { wrapped } from "../wrapping.ts";
import { clockText } from "./figure-text.ts";
import { safeText } from "./safe-text.ts";
import { cursorOf, GUTTER, type ScreenBody, type ScreenInput } from "./screen-body.ts";

/** What happened to one key and why, the newest first. */
export function biographyBody({ readings, state, style, columns }: ScreenInput): ScreenBody {
  const lines = (text: string): string[] => wrapped(text, columns).split("\n");
  const nothing = (text: string): ScreenBody => ({ head: lines(text), list: [], tail: [] });
  if (readings.counters.service === "server")
    return nothing("A server does not follow keys; a proxy in front of it does.");
  if (state.key === "") return nothing("Type / and the name of a key, then Enter: its story is shown here.");
  const asked = safeText(state.key);
  const title = lines(asked).map(style.bold);
  // What is here may still be another key's.
  if (readings.biography?.asked !== asked) return { head: [...title, "Reading…"], list: [], tail: [] };
  const { report } = readings.biography;
  const head = [...title, ...lines(presentText(report)), ...lines(followedText(report)), ""];
  const events = report.events.toReversed();
  if (events.length === 0) return { head: [...head, "Nothing is known of it."], list: [], tail: [] };
  const chosen = events[cursorOf(state, events.length)]!;
  return {
    head,
    // Longer ones are cut by the screen; the one under the cursor is shown whole below.
    list: events.map(({ atMs, text }) => `${timeText(atMs)}  ${text}`),
    tail: ["", ...wrapped(chosen.text, columns - GUTTER).split("\n")],
  };
}

function presentText({ present }: BiographyReport): string {
  if (present === undefined) return "Not cached.";
  const fields = Object.entries(present).map(([name, value]) => `${name} ${value}`);
  return `Cached: ${fields.join(", ")}.`;
}

function followedText({ isSampled, isWatched, forgotten }: BiographyReport): string {
  const how = isWatched
    ? "Watched: everything is noted."
    : isSampled
      ? "Sampled: everything is noted."
      : "Not followed: only departures are known. GLASS.WATCH follows it from then on.";
  return forgotten === 0 ? how : `${how} ${forgotten.toLocaleString("en")} earlier events were forgotten.`;
}

/** Returns `12:34:56.789` in the local time zone. */
function timeText(atMs: number): string {
  const ms = Math.floor(atMs) % 1000;
  return `${clockText(atMs)}.${String(ms).padStart(3, "0")}`;
}
