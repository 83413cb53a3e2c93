import { useEffect, useId, useRef } from "preact/hooks";
import { indented, lineCount, lineRange, newLine, type TextChange } from "./code-text.ts";

export interface CodeEditorProps {
  readonly label: string;
  readonly code: string;
  /** A line in which something is wrong, from 1. Another object leads there once more. */
  readonly wrong: { readonly line: number } | undefined;
  /** Lines that are marked. */
  readonly marked: readonly number[];
  readonly onCode: (code: string) => void;
  readonly onRun: () => void;
}

const LEAST_LINES = 12;

/** Text with numbered lines. Tab moves text; Escape and then Tab leaves, so that nobody is caught. */
export function CodeEditor({ label, code, wrong, marked, onCode, onRun }: CodeEditorProps) {
  const area = useRef<HTMLTextAreaElement>(null);
  const leaves = useRef(false);
  const help = useId();
  const lines = lineCount(code);
  useEffect(() => {
    if (wrong === undefined) return;
    const [from, to] = lineRange(code, wrong.line);
    area.current!.focus();
    area.current!.setSelectionRange(from, to);
  }, [wrong]);
  const apply = (event: KeyboardEvent, change: TextChange): void => {
    event.preventDefault();
    const element = area.current!;
    element.setSelectionRange(change.from, change.to);
    // The one way that the browser can undo; without it, the text is set.
    if (!document.execCommand("insertText", false, change.text)) {
      element.setRangeText(change.text);
      onCode(element.value);
    }
    element.setSelectionRange(change.selectFrom, change.selectTo);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    const { selectionStart, selectionEnd, value } = area.current!;
    const isPlain = !event.ctrlKey && !event.metaKey && !event.altKey;
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      onRun();
    } else if (event.key === "Enter" && isPlain && !event.shiftKey && !event.isComposing) {
      apply(event, newLine(value, selectionStart, selectionEnd));
    } else if (event.key === "Tab" && isPlain && !leaves.current) {
      apply(event, indented(value, selectionStart, selectionEnd, event.shiftKey));
    }
    leaves.current = event.key === "Escape" || (leaves.current && event.key === "Shift");
  };
  return (
    <div class="code">
      <ol class="code-lines" aria-hidden="true">
        {Array.from({ length: Math.max(lines, LEAST_LINES) }, (_, i) => (
          <li key={i} class={marked.includes(i + 1) ? "wrong" : ""}>
            {i < lines ? i + 1 : ""}
          </li>
        ))}
      </ol>
      <textarea
        ref={area}
        aria-label={label}
        aria-describedby={help}
        value={code}
        rows={Math.max(lines, LEAST_LINES)}
        wrap="off"
        spellcheck={false}
        autocomplete="off"
        autocapitalize="off"
        onInput={({ currentTarget }) => onCode(currentTarget.value)}
        onKeyDown={onKeyDown}
        onBlur={() => {
          leaves.current = false;
        }}
      />
      <p class="label" id={help}>
        <kbd>Tab</kbd> moves text, <kbd>Escape</kbd> and then <kbd>Tab</kbd> leaves. <kbd>Ctrl</kbd>{" "}
        <kbd>Enter</kbd> runs it.
      </p>
    </div>
  );
}
