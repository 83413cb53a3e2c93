import type { WhatIfReport } from "../../src/instruments/view.ts";
import { countText, durationText, numberText, percentText } from "../parts/text.ts";
import type { Outcome } from "./choice.ts";

export interface SentenceProps {
  readonly policy: string;
  readonly size: string;
  readonly outcome: Outcome;
  /** The present cache, simulated. */
  readonly today: Outcome;
  readonly present: WhatIfReport["present"];
}

/** Says what would change. Changes are differences between simulations, added to what the cache itself counted. */
export function Sentence({ policy, size, outcome, today, present }: SentenceProps) {
  const hits = 1 - present.missRatio + (today.missRatio - outcome.missRatio);
  const requests = today.originRequestsPerSecond - outcome.originRequestsPerSecond;
  const faster = today.meanLatencyMs - outcome.meanLatencyMs;
  const money = (outcome.costSavedPerMonth ?? 0) - (today.costSavedPerMonth ?? 0);
  const isSure = Math.abs(today.missRatio - outcome.missRatio) > Math.max(today.error, outcome.error);
  return (
    <p class="say" aria-live="polite">
      With <b>{size}</b> of <b>{policy}</b>: <b>{percentText(Math.min(1, Math.max(0, hits)))} %</b> instead of{" "}
      <b>{percentText(1 - present.missRatio)} %</b> hits,{" "}
      <b>
        {countText(Math.abs(requests))} requests a second {requests < 0 ? "more" : "fewer"}
      </b>{" "}
      at the origin,{" "}
      <b>
        {durationText(Math.abs(faster))} {faster < 0 ? "more" : "less"}
      </b>{" "}
      on the average
      {outcome.costSavedPerMonth !== undefined && (
        <>
          , and{" "}
          <b>
            {moneyText(Math.abs(money))} a month {money < 0 ? "more" : "less"}
          </b>
        </>
      )}
      .{!isSure && " The difference is smaller than the error, so it may be none."}
    </p>
  );
}

/** Prices have no currency here: the user's own. */
export function moneyText(amount: number): string {
  return numberText(amount, Math.abs(amount) < 10 ? 2 : 0);
}
