import { useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { READING_LABELS, type Reading } from "../play/reading.ts";
import type { RecordedWorkload } from "../play/settings.ts";
import { Field } from "./field.tsx";
import type { Player } from "./player.ts";

/** The reader's own file as the requests: chosen, or dropped anywhere onto the page. */
export function FileChoice({ player }: { readonly player: Player }) {
  const isOver = useSignal(false);
  useEffect(() => {
    const hasFile = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes("Files") === true;
    const drag = (event: DragEvent): void => {
      if (!hasFile(event)) return;
      event.preventDefault();
      isOver.value = true;
    };
    // Without a related target the pointer has left the page.
    const leave = ({ relatedTarget }: DragEvent): void => {
      if (relatedTarget === null) isOver.value = false;
    };
    const drop = (event: DragEvent): void => {
      if (!hasFile(event)) return;
      event.preventDefault();
      isOver.value = false;
      const files = event.dataTransfer!.files;
      if (files.length > 1) player.problems.value = ["Drop one file: the page replays one trace at a time."];
      else if (files[0] !== undefined) player.openFile(files[0]);
    };
    addEventListener("dragover", drag);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", drag);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, [player]);
  const { workload } = player.settings.value;
  return (
    <>
      <label class="file-choice">
        <input
          type="file"
          onChange={({ currentTarget }) => {
            const file = currentTarget.files?.[0];
            // The same file can be chosen again.
            currentTarget.value = "";
            if (file !== undefined) player.openFile(file);
          }}
        />
        <span>Open a trace of yours</span>
      </label>
      {workload.kind === "file" && <ReadingFields player={player} workload={workload} />}
      {isOver.value && (
        <p class="drop-here" role="status">
          Drop the trace here. It is read in this page; nothing leaves your browser.
        </p>
      )}
    </>
  );
}

interface ReadingFieldsProps {
  readonly player: Player;
  readonly workload: RecordedWorkload;
}

/** How the file is read, where it cannot be left to what is detected. */
function ReadingFields({ player, workload }: ReadingFieldsProps) {
  const { format, columns, skipsBad } = workload.reading;
  const change = (part: Partial<Reading>): void =>
    player.change({ workload: { ...workload, reading: { ...workload.reading, ...part } }, at: 0 });
  const given = (text: string): string | undefined => (text.trim() === "" ? undefined : text.trim());
  return (
    <>
      <Field
        label={READING_LABELS.format}
        class="short"
        value={format ?? ""}
        placeholder="detected"
        onValue={(text) => change({ format: given(text) })}
      />
      <Field
        label={READING_LABELS.columns}
        class="short"
        value={columns ?? ""}
        placeholder="key=1"
        onValue={(text) => change({ columns: given(text) })}
      />
      <label class="check">
        <input
          type="checkbox"
          checked={skipsBad}
          onChange={({ currentTarget }) => change({ skipsBad: currentTarget.checked })}
        />
        {READING_LABELS["skip-bad"]}
      </label>
    </>
  );
}
