import { durationText } from "./figure-text.ts";

const FIRST_DELAY_MS = 500;
const LONGEST_DELAY_MS = 10_000;

/** How long to wait after so many failures in a row: twice as long each time. */
export function retryDelayMs(failures: number, intervalMs: number): number {
  const delayMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.min(10, failures - 1));
  return Math.max(delayMs, intervalMs);
}

export function troubleText(problem: string, delayMs: number): string {
  return `${problem}; the figures are the last ones known, next try in ${durationText(delayMs)}.`;
}
