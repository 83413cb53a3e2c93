import { useDashboard } from "../live/dashboard.ts";
import type { Verdict } from "./verdict.ts";

/** The judgement at the top of the page. Screen readers hear it when it changes. */
export function VerdictLine({
  verdict: { kind, headline, body, further, when, canRetry },
}: {
  readonly verdict: Verdict;
}) {
  const { retry } = useDashboard();
  return (
    <section class={`verdict ${kind}`} aria-label="Judgement">
      <Sign kind={kind} />
      <div class="judgement" role="status">
        <h1>{headline}</h1> <p>{body}</p>
        {further.map((sentence) => (
          <p key={sentence} class="further">
            {sentence}
          </p>
        ))}
        {canRetry && (
          <p class="further">
            <button type="button" onClick={retry}>
              Try now
            </button>
          </p>
        )}
      </div>
      <p class="when">{when}</p>
    </section>
  );
}

function Sign({ kind }: Pick<Verdict, "kind">) {
  if (kind === "alarm") {
    return (
      <svg class="sign" viewBox="0 0 28 28" aria-hidden="true">
        <path class="fill" d="M14 2 27 25H1Z" />
        <path class="mark" d="M14 10v7M14 19.5v3" />
      </svg>
    );
  }
  const mark = {
    well: "m8 14.5 4.5 4.5 8-9.5",
    saved: "M9 9h10v10H9z",
    begun: "M14 7v7l5 3",
    lost: "m9 9 10 10M19 9 9 19",
  }[kind];
  return (
    <svg class="sign" viewBox="0 0 28 28" aria-hidden="true">
      <circle cx="14" cy="14" r="12.5" stroke-dasharray={kind === "lost" ? "5 4" : undefined} />
      <path d={mark} />
    </svg>
  );
}
