import { formatSize } from "../lib/quantity.ts";

/**
 * Checks a size of memory that is to be set while a server or proxy runs.
 * @param reservedBytes what was reserved at the start
 * @throws RangeError naming the flag that reserves more
 */
export function checkReserved(bytes: number, reservedBytes: number): void {
  if (bytes <= reservedBytes) return;
  throw new RangeError(
    `${formatSize(bytes)} is more than the ${formatSize(reservedBytes)} reserved at the start: ` +
      "start it with a larger --max-memory",
  );
}
