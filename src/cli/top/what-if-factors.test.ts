import { expect, test } from "bun:test";
import { fixtureReadings } from "./readings-fixture.ts";
import { roundedFactors } from "./what-if-factors.ts";

test("factors near a power of the root of 2 become it, others stay", () => {
  const report = fixtureReadings().whatIf!;
  const told = [0.1249, 0.708, 1.019, 1.03, 2.01, 3];
  const [curve] = report.curves;
  const points = told.map((factor, at) => ({ ...curve!.points[at]!, factor }));
  const { curves, optimum } = roundedFactors({
    ...report,
    curves: [{ policy: "lru", points }],
    optimum: points,
  });
  const expected = [0.125, 2 ** -0.5, 1, 1.03, 2, 3];
  expect(curves[0]!.points.map(({ factor }) => factor)).toEqual(expected);
  expect(optimum.map(({ factor }) => factor)).toEqual(expected);
});
