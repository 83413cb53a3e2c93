import { useSignal } from "@preact/signals";
import { SCAN } from "./scan-run.ts";
import { HINTS } from "./scan-words.ts";

const ANSWERS = [
  `All of them, as before: ${SCAN} strangers are ${SCAN} strangers.`,
  "At most the few that are hardly ever asked for.",
  "None, whatever happens: a slow scan is harmless.",
];

/** The closing question: each wrong answer has a hint of its own. */
export function Choices() {
  const chosen = useSignal<number | undefined>(undefined);
  const hint = chosen.value === undefined ? undefined : HINTS[chosen.value]!;
  return (
    <fieldset class="choices">
      <legend class="hidden">Which regulars does LRU lose?</legend>
      {ANSWERS.map((answer, i) => (
        <label key={answer}>
          <input
            type="radio"
            name="answer"
            onChange={() => {
              chosen.value = i;
              if (HINTS[i] === "") document.querySelector<HTMLDetailsElement>(".answer")!.open = true;
            }}
          />{" "}
          {answer}
        </label>
      ))}
      <p class="prose" aria-live="polite">
        {hint === "" ? <b>That is right.</b> : hint}
      </p>
    </fieldset>
  );
}
