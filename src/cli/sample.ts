import type { Sample } from "../sim/sampled-run.ts";

/** Smaller samples are useless. */
const LEAST_RATE = 1e-6;
const LEAST_OBJECTS = 100;
const MOST_OBJECTS = 1e8;

/**
 * Reads a sample from a share of the keys (`0.01`, `1%`) or a number of keys (`8192`).
 * @throws RangeError naming the text
 */
export function parseSample(text: string): Sample {
  const match = /^([0-9]+(?:\.[0-9]+)?)(%?)$/.exec(text.trim());
  const value = match === null ? Number.NaN : Number(match[1]);
  const rate = match?.[2] === "%" ? value / 100 : value;
  if (rate >= LEAST_RATE && (rate < 1 || (rate === 1 && match?.[2] === "%"))) return { kind: "rate", rate };
  if (match?.[2] === "" && Number.isInteger(value) && value >= LEAST_OBJECTS && value <= MOST_OBJECTS) {
    return { kind: "objects", objects: value };
  }
  throw new RangeError(
    `"${text}" is not a sample: a share of the keys from ${LEAST_RATE} to 1 such as 0.01 or 1%, or a number of ` +
      `keys from ${LEAST_OBJECTS} to ${MOST_OBJECTS.toLocaleString("en")} such as 8192`,
  );
}

/** Returns `1% of the keys`. */
export function describeRate(rate: number): string {
  return `${Number((100 * rate).toPrecision(2))}% of the keys`;
}
