import { useSignal } from "@preact/signals";
import { useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { withParts } from "../../lesson/address.ts";
import { ChoiceRun } from "../../model/choice-run.ts";
import { moveText, textsOf } from "../../model/sentences.ts";
import { TableBehind } from "../../parts/table.tsx";
import { counted } from "../../parts/text.ts";
import { lanesOf } from "./lanes.ts";
import { LanesDrawing } from "./lanes-drawing.tsx";
import { moveOrder, raceParts, readRaceHash } from "./order-text.ts";
import { type Race, type RaceRules, race, raceOutcomes } from "./run.ts";
import { stepsOf } from "./steps.ts";
import { ordersSay, outcomeSays } from "./words.ts";

/** Change one thing: the reader decides what happens next, forwards and back, and which rules hold. */
export function RaceStage() {
  const begun = useMemo(() => readRaceHash(location.hash), []);
  const rules = useSignal(begun.rules);
  const run = useSignal(replayed(begun.rules, begun.choices));
  /** Counts what the reader does, since a run changes in place. */
  const acts = useSignal(0);
  acts.value;
  const changed = (): void => {
    acts.value++;
    const { choices, at } = run.value;
    history.replaceState(null, "", withParts(location.hash, raceParts(rules.value, choices.slice(0, at))));
  };
  const choose = (lane: string): void => {
    run.value.choose(lane);
    changed();
  };
  const seek = (to: number): void => {
    run.value.seek(to);
    changed();
  };
  const change = (next: Partial<RaceRules>): void => {
    rules.value = { ...rules.value, ...next };
    // As much of the order as is possible under the new rules too.
    run.value = replayed(rules.value, run.value.choices.slice(0, run.value.at));
    changed();
  };
  const show = (choices: readonly string[]): void => {
    run.value = replayed(rules.value, choices);
    seek(0);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.target instanceof HTMLInputElement) return;
    const to = { ArrowLeft: run.value.at - 1, ArrowRight: run.value.at + 1, Home: 0 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    seek(to);
  };
  const { at, choices, scene } = run.value;
  const { happenings } = scene.world;
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the keys are those of the buttons within
    <div class="model race" onKeyDown={onKeyDown}>
      <div class="race-acts">
        <Moves run={run.value} choose={choose} />
        <div class="acts">
          <button type="button" disabled={at === 0} onClick={() => seek(at - 1)}>
            ← Back
          </button>
          <button type="button" disabled={at === choices.length} onClick={() => seek(at + 1)}>
            Forward →
          </button>
          <button type="button" disabled={at === 0} onClick={() => seek(0)}>
            To the beginning
          </button>
        </div>
        <div class="race-says" aria-live="polite">
          <LastStep run={run.value} />
          <p class="prose outcome">{outcomeSays(scene)}</p>
        </div>
      </div>
      <div class="race-picture">
        <LanesDrawing
          lanes={lanesOf(happenings, scene.prologue, at)}
          label={`Clients, proxy, wire and origin after ${counted(at, "step")}. ${outcomeSays(scene)}`}
        />
        <p class="legend">
          Time goes down. A band is the price that proxy or origin holds; hatched and with ~ it is old. A
          dotted line is a question under way, with its lease: + its answer was kept, × it was not. ! is a
          broken promise.
        </p>
        <StepTable run={run.value} />
      </div>
      <div class="race-change">
        <Rules rules={rules.value} change={change} />
        <Orders key={raceParts(rules.value, []).race} rules={rules.value} show={show} />
      </div>
    </div>
  );
}

function replayed(rules: RaceRules, choices: readonly string[]): ChoiceRun<Race> {
  const run = new ChoiceRun(() => race(rules));
  for (const lane of choices) {
    if (!run.moves.some((move) => move.lane === lane)) break;
    run.choose(lane);
  }
  return run;
}

interface OfRun {
  readonly run: ChoiceRun<Race>;
}

function Moves({ run, choose }: OfRun & { readonly choose: (lane: string) => void }) {
  const textOf = textsOf(run.scene.world.happenings);
  const moves = run.moves.toSorted((a, b) => moveOrder(a.lane) - moveOrder(b.lane));
  const frame = useRef<HTMLFieldSetElement>(null);
  const hasChosen = useRef(false);
  // Before the next key: until then no part of the page has the focus.
  useLayoutEffect(() => {
    // The button that was pressed may be gone; the keyboard goes on at the first one, or at the way back.
    if (hasChosen.current && !frame.current!.contains(document.activeElement)) {
      const place = moves.length > 0 ? frame.current! : frame.current!.parentElement!;
      place.querySelector<HTMLButtonElement>("button:enabled")?.focus();
    }
    hasChosen.current = false;
  });
  return (
    <fieldset class="moves" ref={frame}>
      <legend>What happens next?</legend>
      {moves.length === 0 && <p class="prose">Nothing is left to happen.</p>}
      {moves.map(({ lane, about }) => (
        <button
          key={lane}
          type="button"
          onClick={() => {
            hasChosen.current = true;
            choose(lane);
          }}
        >
          {moveText(about, textOf)}
        </button>
      ))}
    </fieldset>
  );
}

/** What the last step has led to. */
function LastStep({ run }: OfRun) {
  const { at, scene } = run;
  const steps = stepsOf(scene, at);
  const last = steps.at(-1);
  if (last === undefined) {
    return (
      <p class="prose">
        The proxy is connected, and nothing is cached. Each of the three has one thing to do.
      </p>
    );
  }
  return (
    <ul class="prose last-step">
      {last.told.map((text) => (
        <li key={text}>{text}</li>
      ))}
    </ul>
  );
}

function StepTable({ run }: OfRun) {
  return (
    <TableBehind
      summary="Every step as a table"
      caption="What has happened so far"
      rows={stepsOf(run.scene, run.at)}
      keyOf={({ step }) => step}
      columns={[
        { head: "step", isNumber: true, cell: ({ step }) => step },
        { head: "what happened", cell: ({ told }) => told.join(" ") },
      ]}
    />
  );
}

interface OfRules {
  readonly rules: RaceRules;
}

function Rules({ rules, change }: OfRules & { readonly change: (next: Partial<RaceRules>) => void }) {
  const { heedsLeases, heedsPushes, hasPushWire, writes } = rules;
  const box = (text: string, isOn: boolean, next: Partial<RaceRules>) => (
    <label class="switch">
      <input type="checkbox" checked={isOn} onChange={() => change(next)} /> <span>{text}</span>
    </label>
  );
  return (
    <fieldset class="race-rules">
      <legend>Change the rules</legend>
      {box("An answer is kept only if its lease still holds", heedsLeases, { heedsLeases: !heedsLeases })}
      {box("Messages about changes are heeded", heedsPushes, { heedsPushes: !heedsPushes })}
      {box("Messages come over the same connection as answers", !hasPushWire, { hasPushWire: !hasPushWire })}
      {box("Ben writes through the proxy", writes === "through", {
        writes: writes === "through" ? "past" : "through",
      })}
    </fieldset>
  );
}

/** Every order, tried by the rules themselves; one that goes wrong can be gone through. */
function Orders({ rules, show }: OfRules & { readonly show: (choices: readonly string[]) => void }) {
  const isAsked = useSignal(false);
  const outcomes = useMemo(() => (isAsked.value ? raceOutcomes(rules) : undefined), [isAsked.value]);
  const wrong = outcomes?.breaks ?? outcomes?.sticks;
  return (
    <div class="orders">
      <button
        type="button"
        disabled={isAsked.value}
        onClick={() => {
          isAsked.value = true;
        }}
      >
        Try every order
      </button>
      <p class="prose" aria-live="polite">
        {outcomes !== undefined && ordersSay(outcomes, rules)}
      </p>
      {wrong !== undefined && (
        <button type="button" onClick={() => show(wrong)}>
          Go through one that goes wrong
        </button>
      )}
    </div>
  );
}
