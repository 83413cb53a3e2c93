/** A cursor of the proxy has the node's number in these lowest bits, and the node's own cursor above them. */
const NUMBER_BITS = 10n;
const MOST = 1n << 64n;

/** Where SCAN is: which node, and its own cursor. */
export interface ScanCursor {
  readonly number: number;
  /** The node's cursor, as it writes it. */
  readonly inner: string;
}

/** Reads a cursor of the proxy; `0` is the beginning, at no node yet. @returns undefined if it is none */
export function readCursor(text: string): ScanCursor | undefined {
  if (!/^[0-9]{1,20}$/.test(text)) return undefined;
  const value = BigInt(text);
  if (value >= MOST) return undefined;
  return { number: Number(value & ((1n << NUMBER_BITS) - 1n)), inner: String(value >> NUMBER_BITS) };
}

/**
 * Returns the cursor behind a reply: the same node's, or the beginning of the next node, or `0` behind the last one.
 * @param numbers of all nodes
 */
export function nextCursor(number: number, inner: string, numbers: readonly number[]): string {
  if (inner !== "0") return String((BigInt(inner) << NUMBER_BITS) | BigInt(number));
  return String(nodeBehind(number, numbers) ?? 0);
}

/** Returns the number of the first node behind this one; undefined: it is the last. */
export function nodeBehind(number: number, numbers: readonly number[]): number | undefined {
  const behind = numbers.filter((other) => other > number);
  return behind.length === 0 ? undefined : Math.min(...behind);
}
