import { wholeNumber } from "../play/conditions.ts";
import {
  CACHES_LIMIT,
  generatedWorkload,
  type PlaySettings,
  parseRequests,
  typedWorkload,
} from "../play/settings.ts";
import { ConditionFields } from "./condition-fields.tsx";
import { PresetLesson } from "./course-entry.tsx";
import { Field } from "./field.tsx";
import { FileChoice } from "./file-choice.tsx";
import type { Player } from "./player.ts";
import { PRESETS, presetOf } from "./presets.ts";

/** What is asked for, and how many caches answer. */
export function Setup({ player }: { readonly player: Player }) {
  const { workload, seed, caches } = player.settings.value;
  const preset = presetOf(workload);
  const choose = (name: string): void => {
    const chosen = PRESETS.find((each) => each.name === name);
    if (chosen === undefined) return;
    player.pause();
    player.change({
      workload: chosen.workload,
      caches: caches.map(({ policy }) => ({ policy, size: chosen.size, unit: "entries" })),
      at: 0,
      speed: chosen.speed ?? 3,
    });
  };
  const apply = (read: () => Partial<PlaySettings>): void => player.tryChange(read);
  const { notes } = player.source.value;
  return (
    <div class="setup">
      <label class="field">
        <span>What is asked for</span>
        <select value={preset?.name ?? ""} onChange={({ currentTarget }) => choose(currentTarget.value)}>
          {preset === undefined && (
            <option value="">
              {workload.kind === "file" ? `${workload.name}, a file of yours` : "as written below"}
            </option>
          )}
          {PRESETS.map(({ name }) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      {workload.kind === "typed" && (
        <Field
          label="Requests"
          class="wide"
          value={workload.text}
          onValue={(text) => apply(() => ({ workload: typedWorkload(text), at: 0 }))}
        />
      )}
      {workload.kind === "generated" && (
        <>
          <Field
            label="in detail"
            class="wide"
            value={workload.text}
            onValue={(text) => apply(() => ({ workload: generatedWorkload(text, workload.requests) }))}
          />
          <Field
            label="requests"
            class="short"
            value={String(workload.requests)}
            onValue={(text) => apply(() => ({ workload: { ...workload, requests: parseRequests(text) } }))}
          />
          <Field
            label="seed"
            class="short"
            value={String(seed)}
            onValue={(text) => apply(() => ({ seed: wholeNumber(text, 0, 2 ** 32 - 1) }))}
          />
        </>
      )}
      <FileChoice player={player} />
      <button
        type="button"
        class="add"
        disabled={caches.length === CACHES_LIMIT}
        onClick={() => player.change({ caches: [...caches, { ...caches[0]!, policy: unused(caches) }] })}
      >
        Add a cache
      </button>
      {preset !== undefined && (
        <p class="prose says-preset">
          {preset.says} <PresetLesson preset={preset} />
        </p>
      )}
      {notes.length > 0 && <p class="prose says-preset notes">{notes.join(" ")}</p>}
      <ConditionFields player={player} />
    </div>
  );
}

/** The order in which caches are offered. */
const OFFERED = ["lru", "s3-fifo", "w-tinylfu", "belady", "fifo"];

function unused(caches: PlaySettings["caches"]): string {
  return OFFERED.find((policy) => caches.every((cache) => cache.policy !== policy)) ?? "lru";
}
