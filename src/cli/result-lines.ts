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

/** Returns one object per line, with windows and families as lists in it if they were requested. */
export function formatJsonLines(rows: readonly ResultRow[]): string {
  return rows.map((row) => `${JSON.stringify(row)}\n`).join("");
}

export function csvHeader(): string {
  return `${COLUMNS.join(",")}\n`;
}

export function formatCsvLines(rows: readonly ResultRow[]): string {
  return rows.map((row) => `${COLUMNS.map((column) => csvField(row[column])).join(",")}\n`).join("");
}

/** Quotes a field if necessary (RFC 4180). */
function csvField(value: string | number): string {
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
