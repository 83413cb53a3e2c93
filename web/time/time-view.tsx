import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { HistoryReport } from "../../src/instruments/view.ts";
import { useDashboard } from "../live/dashboard.ts";
import { useOnScreen } from "../parts/chart.tsx";
import { TableBehind } from "../parts/table.tsx";
import { clockText } from "../parts/text.ts";
import { TimeChart } from "../parts/time-chart.tsx";
import { Awaited, HowToRead, View } from "../parts/view.tsx";
import { type ChartPlan, chartsOf } from "./time-charts.ts";

/** Rows of the table behind the charts. */
const ROWS = 25;
/** Letters for the newest marks; older ones have none. */
const LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ";

/** Figures over time, and who changed what. */
export function TimeView() {
  const { histories, reading } = useDashboard();
  const [ref, isOnScreen] = useOnScreen<HTMLDivElement>();
  const chosen = useSignal(0);
  const at = useSignal<number | undefined>(undefined);
  const zoom = useSignal<readonly [number, number] | undefined>(undefined);
  const cursor = useMemo(() => ({ at, zoom }), [at, zoom]);
  const history = histories[chosen.value]!;
  useEffect(
    () => (isOnScreen ? history.follow(Math.max(1000, history.span.stepMs / 4)) : undefined),
    [history, isOnScreen],
  );
  const report = history.report.value;
  const service = reading.value?.service ?? "proxy";
  const charts = useMemo(() => (report === undefined ? [] : chartsOf(service, report)), [report, service]);
  const marks = (report?.marks ?? [])
    .slice(-LETTERS.length)
    .map((mark, index) => ({ ...mark, letter: LETTERS[index]! }));
  return (
    <View
      id="time"
      title="Time"
      lessons={["cold-start", "time-to-live"]}
      question="When did it change, and who changed it?"
      note="drag to zoom, double-click for all; arrow keys walk"
    >
      <div ref={ref} class="time">
        <p class="choices">
          <span role="group" aria-label="Span">
            {histories.map(({ span }, index) => (
              <button
                key={span.name}
                type="button"
                aria-pressed={index === chosen.value}
                onClick={() => {
                  chosen.value = index;
                  zoom.value = undefined;
                  at.value = undefined;
                }}
              >
                {span.name}
              </button>
            ))}
          </span>
          {zoom.value !== undefined && (
            <button type="button" onClick={() => (zoom.value = undefined)}>
              Show all
            </button>
          )}
          {at.value !== undefined && report !== undefined && (
            <span class="label">at {clockText(report.fromMs + at.value * report.stepMs)}</span>
          )}
        </p>
        {report === undefined && <Awaited>The history is on its way.</Awaited>}
        <div class="charts">
          {report !== undefined &&
            charts.map((plan, index) => (
              <section key={plan.title}>
                <h3>{plan.title}</h3>
                <TimeChart
                  {...plan}
                  fromMs={report.fromMs}
                  stepMs={report.stepMs}
                  marks={marks}
                  cursor={cursor}
                  hasTimes={index >= charts.length - 2}
                />
                <HowToRead>{plan.says}</HowToRead>
              </section>
            ))}
        </div>
        {report !== undefined && (
          <>
            {marks.length > 0 && (
              <ol class="marks">
                {[...marks].reverse().map(({ atMs, letter, text }) => (
                  <li key={`${atMs}${text}`}>
                    <b class="letter">{letter}</b> <span class="label">{clockText(atMs)}</span> {text}
                  </li>
                ))}
              </ol>
            )}
            <BehindAll report={report} charts={charts} />
          </>
        )}
      </div>
    </View>
  );
}

function BehindAll({
  report,
  charts,
}: {
  readonly report: HistoryReport;
  readonly charts: readonly ChartPlan[];
}) {
  const length = report.series[0]?.values.length ?? 0;
  const every = Math.max(1, Math.ceil(length / ROWS));
  const steps = Array.from({ length: Math.floor(length / every) }, (_, at) => length - 1 - at * every);
  return (
    <TableBehind
      summary="History as a table"
      caption={`Figures over time, one row in ${every}`}
      rows={steps}
      keyOf={(step) => step}
      columns={[
        { head: "time", cell: (step) => clockText(report.fromMs + step * report.stepMs) },
        ...charts.flatMap(({ title, lines, text }) =>
          lines.map(({ name, values }) => ({
            head: `${title}: ${name}`,
            isNumber: true,
            cell: (step: number) => {
              const value = values[step];
              return value === null || value === undefined ? "–" : text(value);
            },
          })),
        ),
      ]}
    />
  );
}
