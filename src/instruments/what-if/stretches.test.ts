import { expect, test } from "bun:test";
import { Stretches, type StretchPhase } from "./stretches.ts";

/** The share of reads that fall into each phase. */
function shares(duty: number, offset: number): Record<StretchPhase, number> {
  const stretches = new Stretches(250, 0.1, duty, offset);
  const counts = { off: 0, warming: 0, counting: 0 };
  const steps = 200_000;
  for (let i = 0; i < steps; i++) {
    counts[stretches.phase(duty)]++;
    stretches.pass(100);
  }
  return {
    off: counts.off / steps,
    warming: counts.warming / steps,
    counting: counts.counting / steps,
  };
}

test("a size that may always run counts all reads", () => {
  expect(shares(1, 0.3)).toEqual({ off: 0, warming: 0, counting: 1 });
});

test.each([0.5, 0.2, 0.05])(
  "a size that may run for %d of the time does, and warms up for a quarter of it",
  (duty) => {
    for (const offset of [0, 0.4, 0.9]) {
      const { off, warming, counting } = shares(duty, offset);
      expect(off).toBeCloseTo(1 - duty, 1);
      expect(warming / (warming + counting)).toBeCloseTo(0.25, 1);
    }
  },
);
