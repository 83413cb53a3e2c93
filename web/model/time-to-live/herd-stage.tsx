import { useSignal } from "@preact/signals";
import { useMemo } from "preact/hooks";
import { useWidth } from "../../parts/chart.tsx";
import { TableBehind } from "../../parts/table.tsx";
import { numberText } from "../../parts/text.ts";
import { timeText } from "../time-text.ts";
import { TIME_TO_LIVE, type TimeToLiveFacts, type TimeToLiveSettings, timeToLiveFacts } from "./run.ts";
import { because, jitterSays } from "./words.ts";

const MOST_JITTER_PERCENT = 50;

/** The stage of lesson 8: what the origin is asked in each second, with jitter and without it. */
export function HerdStage() {
  const settings = useSignal(TIME_TO_LIVE);
  const change = (next: Partial<TimeToLiveSettings>): void => {
    settings.value = { ...settings.value, ...next };
  };
  const { jitter, ttlMs, coalesces } = settings.value;
  const without = useMemo(() => timeToLiveFacts({ ...settings.value, jitter: 0 }), [ttlMs, coalesces]);
  const facts = useMemo(() => (jitter === 0 ? without : timeToLiveFacts(settings.value)), [settings.value]);
  const text = because(facts, settings.value);
  return (
    <div class="model herd">
      <fieldset class="herd-settings">
        <legend>Change one thing</legend>
        <label class="guess">
          <span>
            Jitter: up to <b>{numberText(100 * jitter)} %</b> less
          </span>
          <input
            type="range"
            min={0}
            max={MOST_JITTER_PERCENT}
            step={5}
            value={100 * jitter}
            aria-valuetext={`up to ${numberText(100 * jitter)} % less`}
            onInput={({ currentTarget }) => change({ jitter: Number(currentTarget.value) / 100 })}
          />
        </label>
        <label class="guess">
          <span>
            An entry lives <b>{timeText(ttlMs)}</b>
          </span>
          <input
            type="range"
            min={4000}
            max={16_000}
            step={1000}
            value={ttlMs}
            aria-valuetext={timeText(ttlMs)}
            onInput={({ currentTarget }) => change({ ttlMs: Number(currentTarget.value) })}
          />
        </label>
        <label class="switch">
          <input type="checkbox" checked={coalesces} onChange={() => change({ coalesces: !coalesces })} />{" "}
          <span>Misses of one key share a question (coalescing)</span>
        </label>
      </fieldset>
      <Bars facts={facts} without={without} hasJitter={jitter > 0} label={text} />
      <p class="legend">
        A bar for each second: the questions that reach the origin
        {jitter > 0 ? "; the outline is the same without jitter" : ""}. The line is the average from the fifth
        second on.
      </p>
      <p class="prose" aria-live="polite">
        {text} {jitter > 0 && jitterSays(without, facts)}
      </p>
      <TableBehind
        summary="The questions of each second as a table"
        caption="Questions that reach the origin in each second"
        rows={facts.questions.map((questions, second) => ({
          second,
          questions,
          others: without.questions[second]!,
        }))}
        keyOf={({ second }) => second}
        columns={[
          { head: "second", isNumber: true, cell: ({ second }) => second },
          { head: "questions", isNumber: true, cell: ({ questions }) => numberText(questions) },
          { head: "without jitter", isNumber: true, cell: ({ others }) => numberText(others) },
        ]}
      />
    </div>
  );
}

const LEFT = 34;
const TOP = 10;
const HEIGHT = 190;
const FOOT = 22;
const RULE_EVERY = 100;
const SECONDS_EVERY = 5;

interface BarsProps {
  readonly facts: TimeToLiveFacts;
  readonly without: TimeToLiveFacts;
  readonly hasJitter: boolean;
  readonly label: string;
}

function Bars({ facts, without, hasJitter, label }: BarsProps) {
  const [frame, width] = useWidth<HTMLDivElement>();
  const most = Math.max(...facts.questions, ...without.questions);
  const seconds = facts.questions.length;
  const wide = (width - LEFT) / seconds;
  const y = (questions: number): number => TOP + HEIGHT * (1 - questions / most);
  const rules = Array.from({ length: Math.floor(most / RULE_EVERY) + 1 }, (_, i) => i * RULE_EVERY);
  return (
    <div ref={frame} class="herd-bars" role="img" aria-label={label}>
      {width > LEFT && (
        <svg aria-hidden="true" width={width} height={TOP + HEIGHT + FOOT}>
          {rules.map((questions) => (
            <g key={questions}>
              <line class="rule" x1={LEFT} x2={width} y1={y(questions)} y2={y(questions)} />
              <text x={LEFT - 6} y={y(questions) + 4} text-anchor="end">
                {questions}
              </text>
            </g>
          ))}
          {facts.questions.map((questions, second) => {
            const x = LEFT + second * wide;
            const others = without.questions[second]!;
            return (
              <g key={second}>
                <rect
                  class="questions"
                  x={x + 1}
                  width={Math.max(1, wide - 2)}
                  y={y(questions)}
                  height={y(0) - y(questions)}
                />
                {hasJitter && others > 0 && (
                  <rect
                    class="others"
                    x={x + 0.5}
                    width={Math.max(1, wide - 1)}
                    y={y(others)}
                    height={y(0) - y(others)}
                  />
                )}
                {second % SECONDS_EVERY === 0 && (
                  <text x={x} y={TOP + HEIGHT + 16}>
                    {second === 0 ? "0 s" : second}
                  </text>
                )}
              </g>
            );
          })}
          <line class="average" x1={LEFT} x2={width} y1={y(facts.average)} y2={y(facts.average)} />
        </svg>
      )}
    </div>
  );
}
