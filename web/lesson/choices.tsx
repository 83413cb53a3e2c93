import { useSignal } from "@preact/signals";
import type { Answer } from "./answer.ts";

/** The closing question: each wrong answer has a hint of its own; the right one opens the explanation. */
export function Choices({ answers }: { readonly answers: readonly Answer[] }) {
  const chosen = useSignal<Answer | undefined>(undefined);
  return (
    <fieldset class="choices">
      <legend class="hidden">Your answer</legend>
      {answers.map((answer) => (
        <label key={answer.text}>
          <input
            type="radio"
            name="answer"
            onChange={() => {
              chosen.value = answer;
              if (answer.hint !== undefined) return;
              document.querySelector<HTMLDetailsElement>("details.answer")!.open = true;
            }}
          />{" "}
          <span>{answer.text}</span>
        </label>
      ))}
      <p class="prose" aria-live="polite">
        {chosen.value !== undefined && (chosen.value.hint ?? <b>That is right.</b>)}
      </p>
    </fieldset>
  );
}
