import { expect, test } from "bun:test";
import { fuzz } from "./protocol-fuzz.ts";

const INPUTS = Number(process.env["GLASSCACHE_FUZZ_INPUTS"] ?? 100_000);
const SEED = Number(process.env["GLASSCACHE_FUZZ_SEED"] ?? 20_240_601);
const HEAP_GROWTH_BYTES = 16 * 1024 * 1024;
/** From so many inputs on, every error there is must have been met. */
const THOROUGH_INPUTS = 50_000;

/** All the errors of the parsers and the reader, without what they quote. */
const ERRORS = [
  "expected '$', got '…'",
  "invalid bulk length",
  "invalid multibulk length",
  "reply nested more than 4 levels deep",
  "reply of more than 600 bytes",
  "reply with a verbatim text without its format",
  "reply with a wrong length",
  "reply with an invalid length",
  "reply with an invalid line of type '…'",
  "streamed replies are not supported",
  "too big bulk count string",
  "too big inline request",
  "too big mbulk count string",
  "too big request: more than 600 bytes",
  "unbalanced quotes in request",
  "unknown reply type '…'",
];

test(
  `${INPUTS} spoiled streams, seed ${SEED}`,
  () => {
    console.log(`fuzzing the protocols: ${INPUTS} inputs, seed ${SEED}`);
    const summary = fuzz(INPUTS, SEED);
    expect(summary.heapGrowthBytes).toBeLessThan(HEAP_GROWTH_BYTES);
    if (INPUTS < THOROUGH_INPUTS) return;
    // Another protocol is met by chance, and not in every run.
    const met = [...summary.errors.keys()].filter((error) => !error.startsWith("this is "));
    expect(met.sort()).toEqual(ERRORS);
    expect(summary.read).toBeGreaterThan(INPUTS);
    expect(summary.problems).toBeGreaterThan(INPUTS / 20);
  },
  { timeout: 60_000 + INPUTS },
);
