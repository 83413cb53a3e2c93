import { type ReadonlySignal, useComputed } from "@preact/signals";
import { type Dashboard, useDashboard } from "../live/dashboard.ts";
import { clockText, counted, countText, durationText } from "../parts/text.ts";

/** One judgement on the whole. */
export interface Verdict {
  readonly kind: "well" | "alarm" | "lost" | "begun" | "saved";
  readonly headline: string;
  readonly body: string;
  /** More that is wrong, a sentence each. */
  readonly further: readonly string[];
  /** At the end of the line. */
  readonly when: string;
  /** Whether the reader can ask for a new attempt to connect. */
  readonly canRetry?: boolean;
}

/** Reads that a ratio needs to mean something. */
export const ENOUGH_READS = 100;

export function useVerdict(): ReadonlySignal<Verdict> {
  const dashboard = useDashboard();
  return useComputed(() => judge(dashboard));
}

function judge(dashboard: Dashboard): Verdict {
  const { link, reading } = dashboard;
  const present = reading.value;
  const { state, sinceMs } = link.value;
  if (state === "lost") {
    return {
      kind: "lost",
      headline: "This page is not live.",
      body:
        present === undefined
          ? "It has not reached the service yet. The service may be down, or starting."
          : `It lost its connection at ${clockText(sinceMs)}; what you see is from then. The service itself may well be working.`,
      further: [],
      when: "trying again",
      canRetry: true,
    };
  }
  if (present === undefined) {
    const body = "The first figures come as soon as the service answers.";
    return { kind: "begun", headline: "Connecting.", body, further: [], when: "" };
  }
  const when = state === "saved" ? `saved ${new Date(sinceMs).toLocaleString("en")}` : "live";
  const problems = [...(present.sections.health?.problems ?? []), ...furtherProblems(dashboard)];
  const [first, ...further] = problems;
  if (first !== undefined) {
    const { headline, body } = split(first);
    return { kind: "alarm", headline, body, further, when };
  }
  const { recent } = dashboard;
  const isProxy = present.service === "proxy";
  const reads = recent.figure("glasscache_keys_read_total") ?? 0;
  if (isProxy && reads < ENOUGH_READS) {
    return {
      kind: "begun",
      headline: "Started, and well.",
      body: `A cache begins empty: the first read of every key is a miss. So far there were ${counted(reads, "read")}; figures mean something from ${ENOUGH_READS} on.`,
      further: [],
      when,
    };
  }
  const body = isProxy
    ? `Every channel to the origin lives, nothing is dropped, no promise was broken. ${lastEvent(dashboard)}`
    : "It answers, and its storage works.";
  return { kind: state === "saved" ? "saved" : "well", headline: "All is well.", body, further: [], when };
}

/** What the figures show, which the health report does not judge. */
function furtherProblems({ recent }: Dashboard): string[] {
  const problems: string[] = [];
  const dropped = recent.rate("glasscache_events_dropped_total") ?? 0;
  if (dropped > 0) {
    problems.push(
      `The instruments lose ${countText(dropped)} records a second. Figures of keys and what-if are less exact meanwhile; requests lose nothing.`,
    );
  }
  if ((recent.rate("glasscache_unknown_outcomes_total") ?? 0) > 0) {
    problems.push(
      "The origin leaves writes without an answer. Nobody knows whether they happened; see whether the origin is overloaded.",
    );
  }
  if ((recent.rate("glasscache_connections_total", { result: "refused" }) ?? 0) > 0) {
    problems.push(
      "Clients are refused, because too many are connected. Raise --max-connections, or let clients keep their connections.",
    );
  }
  return problems;
}

function lastEvent({ recent, histories, reading }: Dashboard): string {
  const marks = histories.flatMap(({ report }) => report.value?.marks ?? []);
  const last = marks.reduce((newest, mark) => (mark.atMs > (newest?.atMs ?? 0) ? mark : newest), marks[0]);
  const now = reading.value?.atMs ?? 0;
  if (last !== undefined) {
    return `The last event was ${durationText(Math.max(0, now - last.atMs))} ago: ${last.text.replace(/\.$/, "")}.`;
  }
  const losses = recent.figure("glasscache_channel_losses_total") ?? 0;
  return losses === 0
    ? ""
    : `Since the start, a channel was lost ${counted(losses, "time")}; what came over it was dropped at once.`;
}

/** The first sentence is the headline. */
function split(text: string): { headline: string; body: string } {
  const end = text.search(/[.;:] /);
  if (end < 0) return { headline: `${capital(text).replace(/\.$/, "")}.`, body: "" };
  const rest = text.slice(end + 2).replace(/\.$/, "");
  return { headline: `${capital(text.slice(0, end))}.`, body: `${capital(rest)}.` };
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
