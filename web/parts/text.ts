/** Figures as text, for people. A dash stands for a figure that is not known. */

export const UNKNOWN = "–";

const NUMBERS = [0, 1, 2, 3].map(
  (digits) => new Intl.NumberFormat("en", { minimumFractionDigits: digits, maximumFractionDigits: digits }),
);

/** Returns `1,234.5` with so many digits behind the point. */
export function numberText(value: number, digits = 0): string {
  // Not “-0”.
  return NUMBERS[digits]!.format(Math.abs(value) < 0.5 / 10 ** digits ? 0 : value);
}

/** A number of things, or of things a second: `0.42`, `8.3`, `1,230`, `12.3 million`. */
export function countText(value: number | undefined): string {
  if (value === undefined || !Number.isFinite(value)) return UNKNOWN;
  const size = Math.abs(value);
  if (size >= 1e12) return `${numberText(value / 1e12, 1)} trillion`;
  if (size >= 1e9) return `${numberText(value / 1e9, 1)} billion`;
  if (size >= 1e7) return `${numberText(value / 1e6, 1)} million`;
  if (size >= 9.95 || Number.isInteger(value)) return numberText(value);
  return numberText(value, size >= 0.995 ? 1 : 2);
}

/** Returns `83.0`: the unit stands beside it. */
export function percentText(ratio: number | undefined, digits = 1): string {
  return ratio === undefined || !Number.isFinite(ratio) ? UNKNOWN : numberText(100 * ratio, digits);
}

/** A figure and its unit, to be shown in different sizes. */
export type WithUnit = readonly [figure: string, unit: string];

/** Returns `64 MB`, with powers of 1,024 as all sizes of the command line. */
export function sizeParts(bytes: number | undefined): WithUnit {
  if (bytes === undefined || !Number.isFinite(bytes)) return [UNKNOWN, ""];
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = bytes;
  let at = 0;
  while (Math.abs(value) >= 999.5 && at < units.length - 1) {
    value /= 1024;
    at++;
  }
  const size = Math.abs(value);
  return [numberText(value, at === 0 || size >= 99.5 ? 0 : size >= 9.95 ? 1 : 2), units[at]!];
}

/** Returns `74 µs`, `1.2 ms`, `4 s`, `39 min`, `5.0 h`, `2.3 d`. */
export function durationParts(ms: number | undefined | null): WithUnit {
  if (ms === undefined || ms === null || !Number.isFinite(ms)) return [UNKNOWN, ""];
  const size = Math.abs(ms);
  const [factor, unit] = (
    [
      [1, 1000, "µs"],
      [1000, 1, "ms"],
      [60_000, 1 / 1000, "s"],
      [3_600_000, 1 / 60_000, "min"],
      [172_800_000, 1 / 3_600_000, "h"],
      [Number.POSITIVE_INFINITY, 1 / 86_400_000, "d"],
    ] as const
  )
    .filter(([below]) => size < below)
    .map(([, factor, unit]) => [factor, unit] as const)[0]!;
  const value = ms * factor;
  return [numberText(value, value === 0 || Math.abs(value) >= 9.95 ? 0 : 1), unit];
}

/** Figure and unit in one text. */
export function joined([figure, unit]: WithUnit): string {
  return unit === "" ? figure : `${figure} ${unit}`;
}

export const sizeText = (bytes: number | undefined): string => joined(sizeParts(bytes));
export const durationText = (ms: number | undefined | null): string => joined(durationParts(ms));

/** Returns `14:20:05`, in the reader's time zone. */
export function clockText(atMs: number, withSeconds = true): string {
  const date = new Date(atMs);
  const parts = [date.getHours(), date.getMinutes(), ...(withSeconds ? [date.getSeconds()] : [])];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

/** Returns `1 entry`, `2,300 entries`. */
export function counted(value: number, one: string, many: string = `${one}s`): string {
  return `${countText(value)} ${value === 1 ? one : many}`;
}
