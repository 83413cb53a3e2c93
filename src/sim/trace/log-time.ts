const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
/** `10/Oct/2000:13:55:36 -0700`, as the common log format writes it. */
const COMMON =
  /^\[?([0-9]{2})\/([A-Za-z]{3})\/([0-9]{4}):([0-9]{2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]+)?(?: ([+-])([0-9]{2})([0-9]{2}))?\]?$/;
const ISO = /^[0-9]{4}-[0-9]{2}-[0-9]{2}/;

/**
 * Parses a date in ISO 8601 or in the common log format.
 * @returns milliseconds since 1970; NaN for anything else
 */
export function dateMs(text: string): number {
  if (ISO.test(text)) return Date.parse(text);
  const match = COMMON.exec(text);
  if (match === null) return Number.NaN;
  const [, day, month, year, hours, minutes, seconds, sign, zoneHours, zoneMinutes] = match;
  const index = MONTHS.indexOf(month!.toLowerCase());
  if (index < 0) return Number.NaN;
  const local = Date.UTC(Number(year), index, Number(day), Number(hours), Number(minutes), Number(seconds));
  const zone = 60_000 * (60 * Number(zoneHours ?? 0) + Number(zoneMinutes ?? 0));
  return sign === "-" ? local + zone : local - zone;
}
