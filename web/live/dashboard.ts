import { batch, type ReadonlySignal, signal } from "@preact/signals";
import { createContext } from "preact";
import { useContext } from "preact/hooks";
import type { HistoryReport } from "../../src/instruments/view.ts";
import { type Clock, systemClock } from "../../src/lib/clock.ts";
import { Api } from "./api.ts";
import { ChartLibrary } from "./chart-library.ts";
import { Display } from "./display.ts";
import { type FollowedHistory, History, SPANS } from "./history.ts";
import { type Moment, Recent, RecentFigures } from "./recent.ts";
import type { Reading } from "./sections.ts";
import { type Link, LiveStream } from "./stream.ts";

/** All that views are drawn from. They change nothing in it but by the API and the display's switches. */
export interface Dashboard {
  readonly link: ReadonlySignal<Link>;
  /** The newest state; undefined until the first one has come. */
  readonly reading: ReadonlySignal<Reading | undefined>;
  readonly recent: RecentFigures;
  /** The moments that `recent` is of, and newer ones: for what moves. */
  newest(): readonly Moment[];
  /** In the order of `SPANS`; the first one is always followed. */
  readonly histories: readonly FollowedHistory[];
  readonly api: Api;
  readonly display: Display;
  readonly charts: ChartLibrary;
  /** The browser's. */
  readonly clock: Clock;
  retry(): void;
}

/** What a saved page holds. */
export interface SavedPage {
  readonly savedAtMs: number;
  readonly reading: Reading;
  readonly moments: readonly Moment[];
  readonly histories: readonly (HistoryReport | null)[];
  readonly answers: Readonly<Record<string, unknown>>;
}

/** How often the figures of the last minutes are asked for; charts over time ask more often while they are seen. */
const PAST_EVERY_MS = 4000;
/** How often figures and charts change, while somebody attends to the page and else. */
const SHOWN_EVERY_MS = 950;
const UNATTENDED_EVERY_MS = 4950;

/** Follows the service that this page came from. */
export function liveDashboard(display: Display = new Display(systemClock)): Dashboard {
  const recent = new Recent();
  const reading = signal<Reading | undefined>(undefined);
  const moments = signal<readonly Moment[]>([]);
  let shownMs = Number.NEGATIVE_INFINITY;
  const stream = new LiveStream(systemClock, (state) => {
    recent.add(state);
    // The first one at once, and a second one soon, for figures per second need two.
    const everyMs = display.isAttended.peek() ? SHOWN_EVERY_MS : UNATTENDED_EVERY_MS;
    const isDue = state.atMs - shownMs >= everyMs || recent.moments.length <= 3;
    if (!isDue && state.atMs > shownMs) return;
    shownMs = state.atMs;
    batch(() => {
      reading.value = state;
      moments.value = recent.moments;
    });
  });
  const api = new Api();
  const histories = SPANS.map((span) => new History(api, span));
  histories[0]!.follow(PAST_EVERY_MS);
  stream.open();
  const { link } = stream;
  return {
    ...{ link, reading, histories, api },
    recent: new RecentFigures(moments),
    newest: () => recent.moments,
    display,
    charts: new ChartLibrary(),
    clock: systemClock,
    retry: () => stream.retry(),
  };
}

/** Shows what was saved. */
export function savedDashboard(saved: SavedPage): Dashboard {
  const api = new Api(saved.answers);
  const recent = new RecentFigures(signal(saved.moments));
  const newest = () => saved.moments;
  const histories = SPANS.map((span, at) => {
    const history = new History(api, span);
    const report = saved.histories[at];
    if (report) history.restore(report);
    return history;
  });
  const link = signal<Link>({ state: "saved", sinceMs: saved.savedAtMs });
  const reading = signal<Reading | undefined>(saved.reading);
  return {
    link,
    reading,
    recent,
    newest,
    histories,
    api,
    display: new Display(systemClock),
    charts: new ChartLibrary(),
    clock: systemClock,
    retry: () => {},
  };
}

export function toBeSaved({ reading, recent, histories, api, clock }: Dashboard): SavedPage | undefined {
  const present = reading.peek();
  if (present === undefined) return undefined;
  const moments = recent.moments.peek();
  return {
    savedAtMs: clock.wallMs(),
    reading: present,
    // Figures per second need the first and the last.
    moments: moments.filter((_, at) => at % 4 === 0 || at === moments.length - 1),
    histories: histories.map(({ report }) => report.peek() ?? null),
    answers: api.answers,
  };
}

const DashboardContext = createContext<Dashboard | undefined>(undefined);
export const DashboardProvider = DashboardContext.Provider;

/** The dashboard that a view belongs to. */
export function useDashboard(): Dashboard {
  const dashboard = useContext(DashboardContext);
  if (dashboard === undefined) throw new Error("a view stands outside of the dashboard");
  return dashboard;
}
