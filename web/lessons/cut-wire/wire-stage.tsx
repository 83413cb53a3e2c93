import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { timeText } from "../../model/time-text.ts";
import { TableBehind } from "../../parts/table.tsx";
import { CUT_WIRE, type CutWireSettings, endedRun, factsOf } from "./run.ts";
import { type ReadMark, type Timeline, timelineOf } from "./timeline.ts";
import { TimelineDrawing } from "./timeline-drawing.tsx";
import { because, FAILURES } from "./words.ts";

/** Change one thing: how the wire fails, when, and how often the proxy asks for a sign of life. */
export function WireStage() {
  const settings = useSignal(CUT_WIRE);
  const change = (next: Partial<CutWireSettings>): void => {
    settings.value = { ...settings.value, ...next };
  };
  const shown = useMemo(() => {
    const run = endedRun(settings.value);
    return { timeline: timelineOf(run), text: because(factsOf(run), settings.value) };
  }, [settings.value]);
  const { failure, failsAtMs, heartbeatMs, heartbeatTimeoutMs, heedsLosses } = settings.value;
  return (
    <div class="model wire">
      <div class="wire-settings">
        <fieldset>
          <legend>What happens?</legend>
          {FAILURES.map(([one, text]) => (
            <label key={one} class="switch">
              <input
                type="radio"
                name="failure"
                checked={failure === one}
                onChange={() => change({ failure: one })}
              />{" "}
              <span>{text}</span>
            </label>
          ))}
        </fieldset>
        <fieldset>
          <legend>Change one thing</legend>
          <Slider
            text="It happens after"
            value={failsAtMs}
            range={[2000, 4000, 50]}
            set={(ms) => change({ failsAtMs: ms })}
          />
          <Slider
            text="A heartbeat every"
            value={heartbeatMs}
            range={[100, 2000, 100]}
            set={(ms) => change({ heartbeatMs: ms })}
          />
          <Slider
            text="Silence is noticed after"
            value={heartbeatTimeoutMs}
            range={[100, 3000, 100]}
            set={(ms) => change({ heartbeatTimeoutMs: ms })}
          />
          <label class="switch">
            <input
              type="checkbox"
              checked={heedsLosses}
              onChange={() => change({ heedsLosses: !heedsLosses })}
            />{" "}
            <span>A lost connection takes along what came over it (an epoch)</span>
          </label>
        </fieldset>
      </div>
      <TimelineDrawing timeline={shown.timeline} label={shown.text} />
      <p class="legend">
        A client reads ten times a second. A tall stroke is a hit, and under ~ a hit on the old price. A short
        one was answered by the origin, and one with a tail had to wait for it; ! is a read that failed. In
        the wire a stroke is a heartbeat, and ○ one that gets no answer.
      </p>
      <p class="prose" aria-live="polite">
        {shown.text}
      </p>
      <ReadTable timeline={shown.timeline} />
    </div>
  );
}

interface SliderProps {
  readonly text: string;
  readonly value: number;
  readonly range: readonly [least: number, most: number, step: number];
  readonly set: (value: number) => void;
}

function Slider({ text, value, range: [least, most, step], set }: SliderProps) {
  return (
    <label class="guess">
      <span>
        {text} <b>{timeText(value)}</b>
      </span>
      <input
        type="range"
        min={least}
        max={most}
        step={step}
        value={value}
        aria-valuetext={timeText(value)}
        onInput={({ currentTarget }) => set(Number(currentTarget.value))}
      />
    </label>
  );
}

const KINDS: readonly (readonly [kind: ReadMark["kind"], head: string])[] = [
  ["hit", "hits"],
  ["old", "hits on the old price"],
  ["origin", "from the origin"],
  ["late", "waited"],
  ["failed", "failed"],
  ["waiting", "still waiting"],
];

function ReadTable({ timeline: { reads, endMs } }: { readonly timeline: Timeline }) {
  const rows = Array.from({ length: Math.ceil(endMs / 1000) }, (_, second) => ({
    second,
    reads: reads.filter(({ atMs }) => Math.floor(atMs / 1000) === second),
  }));
  return (
    <TableBehind
      summary="The reads of each second as a table"
      caption="What became of the reads of each second"
      rows={rows}
      keyOf={({ second }) => second}
      columns={[
        { head: "second", isNumber: true, cell: ({ second }) => second },
        ...KINDS.map(([kind, head]) => ({
          head,
          isNumber: true,
          cell: (row: (typeof rows)[number]) => row.reads.filter((read) => read.kind === kind).length,
        })),
      ]}
    />
  );
}
