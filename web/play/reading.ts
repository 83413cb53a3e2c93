/** How a trace is read, where it cannot be left to what is detected. */
export interface Reading {
  /** A format of `glasscache simulate`; undefined: the one that is detected. */
  readonly format: string | undefined;
  /** Of a table, in the form of `--columns`. */
  readonly columns: string | undefined;
  /** Whether broken records are left out. */
  readonly skipsBad: boolean;
}

export const AS_DETECTED: Reading = { format: undefined, columns: undefined, skipsBad: false };

/** As the page labels its fields; messages of the readers name the options of the command line. */
export const READING_LABELS = {
  format: "format",
  columns: "columns",
  "skip-bad": "leave broken records out",
} as const;

export function inWordsOfThePage(message: string): string {
  return message.replaceAll(
    /--(format|columns|skip-bad)/g,
    (_, option: keyof typeof READING_LABELS) => `“${READING_LABELS[option]}”`,
  );
}

/** What stands in the address. */
export function readingParts({ format, columns, skipsBad }: Reading): [string, string][] {
  const parts: [string, string][] = [];
  if (format !== undefined) parts.push(["format", format]);
  if (columns !== undefined) parts.push(["columns", columns]);
  if (skipsBad) parts.push(["broken", "skip"]);
  return parts;
}

/** @throws RangeError */
export function parseSkipping(text: string): boolean {
  if (text !== "skip") throw new RangeError(`"${text}" is not skip`);
  return true;
}
