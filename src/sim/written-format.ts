/** Formats in which traces are written. */
export const WRITTEN_FORMATS = ["oracleGeneral", "keys", "csv", "recording"] as const;
export type WrittenFormat = (typeof WRITTEN_FORMATS)[number];

/**
 * Returns the format of this name, in any case.
 * @throws RangeError for an unknown name
 */
export function writtenFormatNamed(name: string): WrittenFormat {
  const format = WRITTEN_FORMATS.find((known) => known.toLowerCase() === name.toLowerCase());
  if (format !== undefined) return format;
  throw new RangeError(
    `there is no format "${name}" to write traces in; there are ${WRITTEN_FORMATS.join(", ")}`,
  );
}
