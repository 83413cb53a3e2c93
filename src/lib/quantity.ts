const SIZE_UNITS: Record<string, number> = {
  "": 1,
  b: 1,
  k: 1000,
  kb: 1024,
  m: 1_000_000,
  mb: 1024 ** 2,
  g: 1_000_000_000,
  gb: 1024 ** 3,
};

const DURATION_UNITS: Record<string, number> = {
  "": 1,
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Parses a size such as `64mb`, `1.5gb` or `4096` to bytes; units as Redis reads them (`k` is 1,000, `kb` 1,024).
 * @throws RangeError naming the text
 */
export function parseSize(text: string): number {
  return Math.round(parseQuantity(text, SIZE_UNITS, "size such as 64mb, 1gb or 4096"));
}

/**
 * Parses a duration such as `30s`, `500ms` or `2m` to milliseconds; a bare number is milliseconds.
 * @throws RangeError naming the text
 */
export function parseDuration(text: string): number {
  return parseQuantity(text, DURATION_UNITS, "duration such as 30s, 500ms or 2m");
}

/**
 * Parses a percentage such as `5%` or `0.1%` to a share of 1. Only 0 needs no sign: a bare 1 might be all or a
 * hundredth.
 * @throws RangeError naming the text
 */
export function parseShare(text: string): number {
  const match = /^\s*(?:([0-9]+(?:\.[0-9]+)?)\s*%|0+(?:\.0+)?)\s*$/.exec(text);
  if (match === null) throw new RangeError(`"${text}" is not a percentage such as 5% or 0.1%`);
  return Number(match[1] ?? 0) / 100;
}

/** Formats a share as `parseShare` reads it, to ten decimal places. */
export function formatShare(share: number): string {
  return `${(share * 100).toFixed(10).replace(/\.?0+$/, "")}%`;
}

function parseQuantity(text: string, units: Record<string, number>, form: string): number {
  const match = /^\s*([0-9]+(?:\.[0-9]+)?)\s*([a-z]*)\s*$/i.exec(text);
  const unit = match === null ? undefined : units[match[2]!.toLowerCase()];
  if (match === null || unit === undefined) throw new RangeError(`"${text}" is not a ${form}`);
  return Number(match[1]) * unit;
}

/** Formats a size for people: `1.5 MB`, with the binary units that `parseSize` reads as `mb`. */
export function formatSize(bytes: number): string {
  const units = ["B", "KB", "MB", "GB", "TB"];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit++;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : Number(value.toFixed(1))} ${units[unit]}`;
}
