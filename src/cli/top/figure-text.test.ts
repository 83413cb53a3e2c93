import { describe, expect, test } from "bun:test";
import { amountText, durationText, percentText, sparkline } from "./figure-text.ts";

test("amounts have at most six characters", () => {
  const amounts = [
    0, 0.004, 0.256, 9.994, 12.34, 99.96, 999.6, 1234.5, 9999.4, 9999.6, 99_999, 123_456, 999_501, 1.5e6,
    2.5e8, 9.996e8, 5e11,
  ];
  expect(amounts.map(amountText)).toEqual([
    "0",
    "0",
    "0.26",
    "9.99",
    "12.3",
    "100",
    "1,000",
    "1,235",
    "9,999",
    "10.0k",
    "100k",
    "123k",
    "1.00M",
    "1.50M",
    "250M",
    "1.00G",
    "500G",
  ]);
  for (let amount = 0.001; amount < 9e11; amount *= 1.07)
    expect(amountText(amount).length).toBeLessThanOrEqual(6);
  expect([undefined, Number.NaN].map(amountText)).toEqual(["–", "–"]);
});

test("durations", () => {
  const times = [
    0.00123,
    0.02,
    0.5,
    1,
    12.34,
    345.6,
    1500,
    59_000,
    90_000,
    7_200_000,
    400_000_000,
    null,
    undefined,
  ];
  expect(times.map(durationText)).toEqual([
    "1.2 µs",
    "20 µs",
    "500 µs",
    "1 ms",
    "12 ms",
    "346 ms",
    "1.5 s",
    "59 s",
    "1.5 min",
    "2 h",
    "4.6 d",
    "–",
    "–",
  ]);
});

describe("ratios", () => {
  test("in percent", () => {
    expect([0, 0.1234, 1, undefined].map(percentText)).toEqual(["0.0%", "12.3%", "100.0%", "–"]);
  });
  test("as bars", () => {
    expect(sparkline([0, 0.5, undefined, 0.99, 1])).toBe("▁▅ ██");
  });
});
