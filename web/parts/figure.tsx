import type { ComponentChildren } from "preact";
import { UNKNOWN, type WithUnit } from "./text.ts";
import { useTip } from "./tip.tsx";

export interface FigureProps {
  readonly label: string;
  /** The figure and its unit. */
  readonly value: WithUnit;
  /** What it counts, what is good, what to do: one to three sentences. */
  readonly says: ComponentChildren;
  /** A second line, such as a comparison. */
  readonly sub?: ComponentChildren;
  readonly size?: "hero" | "large" | "small";
  /** A name for scripts and tests. */
  readonly name?: string;
}

/** A number that explains itself: on hover and focus in a tip, and in place when all explanations are open. */
export function Figure({ label, value: [figure, unit], says, sub, size = "large", name }: FigureProps) {
  const tip = useTip(says);
  return (
    <div class={`figure ${size}`} role="group" aria-label={label} tabIndex={0} data-figure={name} {...tip}>
      <span class="label">{label}</span>
      <span class={figure === UNKNOWN ? "value unknown" : "value"}>
        {figure}
        {unit !== "" && <span class="unit"> {unit}</span>}
      </span>
      {sub !== undefined && <span class="sub">{sub}</span>}
      <span class="says">{says}</span>
    </div>
  );
}
