import { useSignal } from "@preact/signals";
import { formatShare } from "../../src/lib/quantity.ts";
import {
  CONDITION_SETTINGS,
  type Conditions,
  DEFAULT_CONDITIONS,
  durationSetting,
  WRITE_RULES,
  type WriteRule,
} from "../play/conditions.ts";
import { Field } from "./field.tsx";
import type { Player } from "./player.ts";

const WRITE_NAMES: Readonly<Record<WriteRule, string>> = {
  store: "write-through: keeps it",
  drop: "write-around: drops it",
  back: "write-back: later",
};

/** What surrounds the caches: time, times to live, the origin, and writes. */
export function ConditionFields({ player }: { readonly player: Player }) {
  const { conditions } = player.settings.value;
  const { hasTimes, hasWrites } = player.source.value;
  const isPlain = Object.values(CONDITION_SETTINGS).every(({ write }) => write(conditions) === undefined);
  // What the address has is seen at once.
  const isOpen = useSignal(!isPlain);
  const change = (part: Partial<Conditions>): void =>
    player.change({ conditions: { ...conditions, ...part } });
  const read = (name: string, text: string): void =>
    player.tryChange(() => ({ conditions: { ...conditions, ...CONDITION_SETTINGS[name]!.read(text) } }));
  const origin = (latency: string, failures: string): void => read("origin", `${latency},${failures}`);
  const { ttlMs, jitter, originMs, failures, coalesces, writes, rate } = conditions;
  return (
    <details
      class="conditions"
      open={isOpen.value}
      onToggle={({ currentTarget }) => {
        isOpen.value = currentTarget.open;
      }}
    >
      <summary>Time, origin and writes{isPlain ? "" : `: ${conditionsText(conditions)}`}</summary>
      <div class="setup">
        <Field
          label="time to live"
          class="short"
          value={ttlMs === 0 ? "none" : durationSetting(ttlMs)}
          onValue={(text) => read("ttl", text.trim() === "none" ? "0" : text)}
        />
        <Field
          label="jitter"
          class="short"
          value={formatShare(jitter)}
          onValue={(text) => read("jitter", text)}
        />
        <Field
          label="origin answers in"
          class="short"
          value={durationSetting(originMs)}
          onValue={(text) => origin(text, formatShare(failures))}
        />
        <Field
          label="and fails"
          class="short"
          value={formatShare(failures)}
          onValue={(text) => origin(durationSetting(originMs), text)}
        />
        {!hasTimes && (
          <Field
            label="requests a second"
            class="short"
            value={String(rate)}
            onValue={(text) => read("rate", text)}
          />
        )}
        {(hasWrites || writes !== DEFAULT_CONDITIONS.writes) && (
          <label class="field">
            <span>a write</span>
            <select
              value={writes}
              onChange={({ currentTarget }) => change({ writes: currentTarget.value as WriteRule })}
            >
              {WRITE_RULES.map((rule) => (
                <option key={rule} value={rule}>
                  {WRITE_NAMES[rule]}
                </option>
              ))}
            </select>
          </label>
        )}
        <label class="check">
          <input
            type="checkbox"
            checked={coalesces}
            onChange={({ currentTarget }) => change({ coalesces: currentTarget.checked })}
          />
          requests for one key share a fetch
        </label>
      </div>
      <p class="prose">
        An entry expires when its time to live is over; jitter lets each live up to that share shorter, so
        that not all expire at once. A miss is answered when the origin has answered; what it answers with an
        error is not kept. {hasTimes ? "The clock is that of the trace." : ""}
      </p>
    </details>
  );
}

function conditionsText(conditions: Conditions): string {
  return Object.entries(CONDITION_SETTINGS)
    .flatMap(([name, { write }]) => {
      const value = write(conditions);
      return value === undefined ? [] : [`${name} ${value}`];
    })
    .join(", ");
}
