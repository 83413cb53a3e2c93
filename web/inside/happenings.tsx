import { useRef } from "preact/hooks";
import { KeyName } from "../parts/key-name.tsx";
import { keyText } from "../parts/key-text.ts";
import { clockText } from "../parts/text.ts";
import type { Change } from "../queues/changes.ts";
import type { QueueState } from "./queue-feed.ts";
import { type Told, tellChange, worthTelling } from "./sentences.ts";

/** Sentences that are shown, and how many of them one step may bring. */
const SHOWN = 7;
const EACH_STEP = 3;

interface Happening extends Told {
  readonly id: string;
  readonly change: Change;
  readonly atMs: number;
}

/** What just happened, in words, the latest first. */
export function Happenings({ state }: { readonly state: QueueState }) {
  const told = useRef<readonly Happening[]>([]);
  const step = useRef(0);
  if (step.current !== state.step) {
    step.current = state.step;
    const { report, changes } = state;
    const fresh = worthTelling(changes, EACH_STEP).map((change) => ({
      ...tellChange(change, report.queues),
      ...{ id: `${state.step} ${change.id}`, change, atMs: report.atMs },
    }));
    told.current = [...fresh, ...told.current].slice(0, SHOWN);
  }
  const more = state.changes.length - EACH_STEP;
  return (
    <>
      <ol class="happenings">
        {told.current.map(({ id, mark, look, text, change, atMs }) => (
          <li key={id} title={clockText(atMs)}>
            <b class={`mark ${look}`}>{mark}</b>
            <span>
              {change.key === undefined ? `Key ${change.id}` : <KeyName name={keyText(change.key)} />} {text}
            </span>
          </li>
        ))}
      </ol>
      {told.current.length === 0 && <p class="prose">Nothing has happened to these entries yet.</p>}
      {more > 0 && <p class="label">and {more} more changes in this step</p>}
    </>
  );
}
