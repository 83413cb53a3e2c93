import type { WhatIfReport } from "../../src/instruments/view.ts";
import { ENOUGH_READS } from "../dashboard/verdict.ts";
import { countText } from "../parts/text.ts";
import { Awaited } from "../parts/view.tsx";

export interface NotEnoughProps {
  readonly report: WhatIfReport | undefined;
  /** Whether the service has told anything yet. */
  readonly isConnected: boolean;
}

/** Says what is missing for a comparison. */
export function NotEnough({ report, isConnected }: NotEnoughProps) {
  if (!isConnected) return <Awaited>The figures are on their way.</Awaited>;
  if (report === undefined) {
    return (
      <Awaited>Nothing is simulated: the instruments are off. Start the proxy with --instruments on.</Awaited>
    );
  }
  return (
    <Awaited>
      Other caches are simulated on what clients read: {countText(report.requests)} of the {ENOUGH_READS}{" "}
      reads that a comparison needs.
    </Awaited>
  );
}
