import { formatSize } from "../../lib/quantity.ts";

/** Figures as text. `–` stands for a figure that is not known. */

export const UNKNOWN = "–";

/** Returns `0.25`, `12.3`, `1,234`, `12.3k`, `4.56M`: at most six characters. */
export function amountText(amount: number | undefined): string {
  if (amount === undefined || Number.isNaN(amount)) return UNKNOWN;
  const size = Math.abs(amount);
  if (size >= 999_500_000) return `${scaled(amount / 1e9)}G`;
  if (size >= 999_500) return `${scaled(amount / 1e6)}M`;
  if (size >= 9999.5) return `${scaled(amount / 1e3)}k`;
  if (size >= 99.95) return Math.round(amount).toLocaleString("en");
  return size === 0 ? "0" : String(Number(amount.toFixed(size >= 9.995 ? 1 : 2)));
}

function scaled(amount: number): string {
  const size = Math.abs(amount);
  if (size >= 99.95) return amount.toFixed(0);
  return amount.toFixed(size >= 9.995 ? 1 : 2);
}

export function percentText(ratio: number | undefined): string {
  return ratio === undefined || Number.isNaN(ratio) ? UNKNOWN : `${(100 * ratio).toFixed(1)}%`;
}

/** Returns `20 µs`, `1.5 ms`, `3 s`, `5 min`, `2 h` or `3 d`. */
export function durationText(ms: number | null | undefined): string {
  if (ms === undefined || ms === null || Number.isNaN(ms)) return UNKNOWN;
  if (ms < 1) return `${short(ms * 1000)} µs`;
  if (ms < 1000) return `${short(ms)} ms`;
  if (ms < 60_000) return `${short(ms / 1000)} s`;
  if (ms < 3_600_000) return `${short(ms / 60_000)} min`;
  return ms < 172_800_000 ? `${short(ms / 3_600_000)} h` : `${short(ms / 86_400_000)} d`;
}

function short(value: number): string {
  return value >= 99.5 ? String(Math.round(value)) : String(Number(value.toPrecision(2)));
}

export function sizeText(bytes: number | undefined): string {
  return bytes === undefined || Number.isNaN(bytes) ? UNKNOWN : formatSize(bytes);
}

/** Returns `12:34:56` in the local time zone. */
export function clockText(wallMs: number): string {
  const time = new Date(wallMs);
  return [time.getHours(), time.getMinutes(), time.getSeconds()]
    .map((value) => String(value).padStart(2, "0"))
    .join(":");
}

const BAR_LEVELS = "▁▂▃▄▅▆▇█";

/** Returns a line of bars, one for each ratio; a space where nothing is known. */
export function sparkline(ratios: readonly (number | undefined)[]): string {
  return ratios
    .map((ratio) => (ratio === undefined ? " " : BAR_LEVELS[Math.min(7, Math.max(0, Math.floor(8 * ratio)))]))
    .join("");
}

export function barText(share: number, cells: number): string {
  const full = Math.min(cells, Math.max(0, Math.round(share * cells)));
  return "█".repeat(full) + "░".repeat(cells - full);
}
