import type { WhatIfReport } from "../../src/instruments/view.ts";
import { Table } from "../parts/table.tsx";
import { countText, durationText, percentText } from "../parts/text.ts";
import type { Outcome } from "./choice.ts";
import { moneyText } from "./sentence.tsx";

interface Row {
  readonly what: string;
  readonly now: string;
  readonly chosen: string;
  readonly change: string;
  readonly isBetter: boolean | undefined;
}

export interface LedgerProps {
  readonly outcome: Outcome;
  readonly today: Outcome;
  readonly present: WhatIfReport["present"];
}

/** The same as the sentence, line by line. */
export function Ledger({ outcome, today, present }: LedgerProps) {
  // What the cache counted is the base; simulations tell the difference.
  const missesNow = present.missRatio;
  const missesThen = Math.min(1, Math.max(0, missesNow + outcome.missRatio - today.missRatio));
  const rows: Row[] = [
    row("Hits", 1 - missesNow, 1 - missesThen, (value) => `${percentText(value)} %`, true),
    row(
      "Origin requests/s",
      today.originRequestsPerSecond,
      outcome.originRequestsPerSecond,
      countText,
      false,
    ),
    row("Mean latency", today.meanLatencyMs, outcome.meanLatencyMs, durationText, false),
    row(
      "Origin time saved/s",
      0,
      outcome.originMsSavedPerSecond - today.originMsSavedPerSecond,
      durationText,
      true,
    ),
  ];
  if (outcome.costSavedPerMonth !== undefined) {
    rows.push(
      row("Saved a month", 0, outcome.costSavedPerMonth - (today.costSavedPerMonth ?? 0), moneyText, true),
    );
  }
  return (
    <Table
      class="ledger"
      caption="The present cache and the chosen one"
      rows={rows}
      keyOf={({ what }) => what}
      columns={[
        { head: "figure", cell: ({ what }) => what },
        { head: "now", isNumber: true, cell: ({ now }) => now },
        { head: "then", isNumber: true, cell: ({ chosen }) => chosen },
        {
          head: "change",
          isNumber: true,
          cell: ({ change, isBetter }) => (
            <span class={isBetter === undefined ? "" : isBetter ? "hit" : "wrong"}>{change}</span>
          ),
        },
      ]}
    />
  );
}

function row(
  what: string,
  now: number,
  then: number,
  text: (value: number) => string,
  isMoreBetter: boolean,
): Row {
  const by = then - now;
  const amount = text(Math.abs(by));
  const isNone = amount === text(0);
  return {
    what,
    now: text(now),
    chosen: by < 0 && now === 0 ? `−${text(-then)}` : text(then),
    change: isNone ? "none" : `${by < 0 ? "−" : "+"}${amount}`,
    isBetter: isNone ? undefined : by > 0 === isMoreBetter,
  };
}
