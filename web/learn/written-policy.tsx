import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { counted, countText, percentText } from "../parts/text.ts";
import { WRITTEN } from "../play/decider.ts";
import type { WrittenReport } from "../play/written-runs.ts";
import type { Fault } from "../sandbox/messages.ts";
import { TRIALS } from "../sandbox/trials-count.ts";
import { CodeEditor } from "./code-editor.tsx";
import { EXAMPLES } from "./examples.ts";
import type { Player } from "./player.ts";

/** Where a policy is written, run and judged. */
export function WrittenPolicy({ player }: { readonly player: Player }) {
  const { draft, running, isForeign, problem, report, share } = player.written;
  const hasIt = player.settings.value.caches.some(({ policy }) => policy === WRITTEN);
  const isOpen = useSignal(hasIt || player.settings.value.code !== undefined);
  const wrong = useSignal<{ readonly line: number } | undefined>(undefined);
  /** What was there before an example took its place. */
  const replaced = useSignal<string | undefined>(undefined);
  useEffect(() => {
    if (hasIt) isOpen.value = true;
  }, [hasIt]);
  const run = (): void => void player.runWritten();
  const edit = (code: string): void => void player.written.edit(code);
  const faults = faultsOf(report.value);
  const isChanged = running.value !== undefined && running.value !== draft.value;
  const put = (name: string): void => {
    const example = EXAMPLES.find((each) => each.name === name);
    if (example === undefined) return;
    if (EXAMPLES.every(({ code }) => code !== draft.peek())) replaced.value = draft.peek();
    edit(example.code);
  };
  return (
    <details
      class="written"
      id="written"
      open={isOpen.value}
      onToggle={({ currentTarget }) => {
        isOpen.value = currentTarget.open;
      }}
    >
      <summary>Write a policy of your own</summary>
      {isForeign.value && (
        <p class="foreign" role="note">
          <b>This code came with the address.</b> Anybody can have written it. Read it; it runs when you press{" "}
          <i>Run it</i>, and not before. It runs shut off: it reaches no network, no storage, and nothing of
          this page.
        </p>
      )}
      <div class="written-parts">
        <div>
          <div class="setup">
            <label class="field">
              <span>Begin with</span>
              <select
                value={EXAMPLES.find(({ code }) => code === draft.value)?.name ?? ""}
                onChange={({ currentTarget }) => put(currentTarget.value)}
              >
                <option value="" disabled>
                  {isForeign.value ? "the code of the address" : "your own code"}
                </option>
                {EXAMPLES.map(({ name }) => (
                  <option key={name}>{name}</option>
                ))}
              </select>
            </label>
            {replaced.value !== undefined && (
              <button
                type="button"
                class="add"
                onClick={() => {
                  edit(replaced.peek()!);
                  replaced.value = undefined;
                }}
              >
                Take your code back
              </button>
            )}
          </div>
          <CodeEditor
            label="Code of the policy"
            code={draft.value}
            wrong={wrong.value}
            marked={isChanged ? [] : faults.flatMap(({ line }) => line ?? [])}
            onCode={edit}
            onRun={run}
          />
          <div class="setup">
            <button type="button" class="run" onClick={run}>
              Run it
            </button>
            <p class="label" role="status">
              {statusText(player, isChanged, faults.length > 0)}
            </p>
          </div>
          <div role="alert">
            {[
              ...(problem.value === undefined ? [] : [{ text: problem.value, line: undefined }]),
              ...faults,
            ].map(({ text, line }) => (
              <p key={text} class="problem">
                <b class="mark wrong">!</b> {text}{" "}
                {line !== undefined && (
                  <button
                    type="button"
                    class="to-line"
                    onClick={() => {
                      wrong.value = { line };
                    }}
                  >
                    Line {line}
                  </button>
                )}
              </p>
            ))}
          </div>
          {share.value !== undefined && share.value > 0 && (
            <progress max={1} value={share.value} aria-label="Share of the requests that have been made" />
          )}
        </div>
        <Interface />
      </div>
    </details>
  );
}

/** What is wrong, a sentence each. */
function faultsOf(report: WrittenReport | undefined): Fault[] {
  if (report === undefined) return [];
  const { trial, run } = report;
  const faults: Fault[] = [];
  if (run !== undefined) {
    const where =
      run.key === undefined
        ? "After the last request"
        : `At request ${countText(run.at + 1)}, for ${run.key}`;
    faults.push({ text: `${where}: ${run.text}.`, line: run.line });
  }
  if (trial !== undefined) faults.push({ text: `In a small trial: ${trial.text}.`, line: trial.line });
  return faults;
}

function statusText(player: Player, isChanged: boolean, isWrong: boolean): string {
  const { report, share } = player.written;
  if (share.value !== undefined) return `It runs: ${percentText(share.value, 0)} % of the requests.`;
  if (isChanged) return "Changed since it was run.";
  if (report.value === undefined || isWrong) return "";
  const count = player.shown.value?.view.count ?? 0;
  return `It keeps all rules, in ${TRIALS} small trials and over ${counted(count, "request")}.`;
}

/** The interface in its simplest form. */
function Interface() {
  return (
    <div class="interface">
      <h3>What a policy is told, and asked</h3>
      <p class="prose">
        A policy sees neither keys nor values. An entry is a <i>slot</i> to it, a whole number from 1, which
        another entry may have later; a key is a <i>hash</i>, which stays the same.
      </p>
      <dl>
        {METHODS.map(([name, says]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{says}</dd>
          </div>
        ))}
      </dl>
      <p class="prose">
        These are methods of the policies that ship with Glasscache, so what works here can become one. It
        runs on the requests above like any other policy, and is judged by the rules that hold for all.
      </p>
    </div>
  );
}

const METHODS = [
  ["insert(slot, hash)", "An entry came in; room has been made for it."],
  ["hit(slot)", "An entry was read."],
  [
    "evict(incoming)",
    "Room is needed for a key: return the slot of an entry, which leaves. 0: nothing is here.",
  ],
  ["remove(slot)", "An entry left for another reason: deleted, expired, dropped by a write."],
  [
    "constructor({ capacity, maxEntries, weigh, hashOf, random })",
    "How much fits and how many entries at most; weigh(slot) in units of capacity, hashOf(slot), and random(), which draws the same each time.",
  ],
  ["miss(hash)", "If you like: a key was asked for that is not here, before anything is evicted for it."],
  ["reweigh(slot, before, after)", "If you like: an entry has another size."],
  ["queues()", "If you like, for the picture: { name: [slots] }, those next to leave first."],
  ["ghosts()", "If you like, for the picture: hashes of evicted keys that you remember."],
] as const;
