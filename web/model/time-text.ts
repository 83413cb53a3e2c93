import { numberText } from "../parts/text.ts";

/** Returns a time of the model's clock: `14 ms`, `2.1 s`, `3 s`. */
export function timeText(ms: number | undefined): string {
  if (ms === undefined) return "never";
  if (ms < 1000) return `${numberText(ms)} ms`;
  return `${numberText(ms / 1000, 1).replace(/\.0$/, "")} s`;
}
