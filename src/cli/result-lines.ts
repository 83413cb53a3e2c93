import type { ResultRow } from "../sim/runner.ts";

const COLUMNS = [
  "trace",
  "policy",
  "size",
  "sizeUnit",
  "requests",
  "misses",
  "missRatio",
  "bytesMissed",
  "byteMissRatio",
  "seconds",
] as const satisfies (keyof ResultRow)[];

/** One object a line; windows and families, where they were asked for, as lists inside. */
export function formatJsonLines(rows: readonly ResultRow[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

export function csvHeader(): string {
  return `${COLUMNS.join(",")}\n`;
}

export function formatCsvLines(rows: readonly ResultRow[]): string {
  return rows.map((row) => `${COLUMNS.map((column) => csvField(row[column])).join(",")}\n`).join("");
}

/** Quoted where it must be (RFC 4180). */
function csvField(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
