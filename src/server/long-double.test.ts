import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { addLongDouble, formatLongDouble, type LongDouble, parseLongDouble } from "./long-double.ts";

/** Reads and prints. */
function round(text: string): string | undefined {
  const value = parseLongDouble(text);
  return value === undefined || value === "infinite" ? value : formatLongDouble(value);
}

function sum(a: string, b: string): string | undefined {
  const total = addLongDouble(parseLongDouble(a) as LongDouble, parseLongDouble(b) as LongDouble);
  return total && formatLongDouble(total);
}

describe("long doubles", () => {
  test("are read in every form of strtold", () => {
    const cases: [string, string | undefined][] = [
      ["0", "0"],
      ["-0", "0"],
      ["3.0e3", "3000"],
      ["+1.25", "1.25"],
      [".5", "0.5"],
      ["5.", "5"],
      ["1E2", "100"],
      ["0x1p3", "8"],
      ["0X.8", "0.5"],
      ["-0x1.8p-1", "-0.75"],
      ["inf", "infinite"],
      ["-Infinity", "infinite"],
      ["", undefined],
      [" 1", undefined],
      ["1 ", undefined],
      ["1e", undefined],
      ["e1", undefined],
      [".", undefined],
      ["0x", undefined],
      ["0x1p", undefined],
      ["nan", undefined],
      ["1,5", undefined],
      ["1e99999999999999999999", undefined],
      ["1e-99999999999999999999", undefined],
      ["0e99999999999999999999", "0"],
    ];
    for (const [text, expected] of cases) expect([text, round(text)]).toEqual([text, expected]);
  });

  test("have 64 bits of precision and 17 digits behind the point", () => {
    expect(round("18446744073709551615")).toBe("18446744073709551615");
    expect(round("18446744073709551617")).toBe("18446744073709551616");
    expect(round("36893488147419103233")).toBe("36893488147419103232");
    expect(round("0.1")).toBe("0.1");
    expect(sum("0.1", "0.2")).toBe("0.3");
    expect(sum("3.0e3", "200")).toBe("3200");
    expect(sum("10.50", "0.1")).toBe("10.6");
    expect(round("0.00000000000000001")).toBe("0.00000000000000001");
    expect(round("0.000000000000000004")).toBe("0");
    expect(round("-0.000000000000000004")).toBe("0");
    expect(sum("9007199254740993", "-53.05026355199516")).toBe("9007199254740939.94970703125");
  });

  test("end where the format does", () => {
    const largest = "1.18973149535723176502e4932";
    expect(round(largest)).toStartWith("11897314953572317650");
    expect(sum(largest, largest)).toBeUndefined();
    expect(sum(largest, `-${largest}`)).toBe("0");
    expect(round("1.2e4932")).toBeUndefined();
    // The least number above zero is 3.6e-4951; half of it or less is too small.
    expect(round("3.7e-4951")).toBe("0");
    expect(round("1.9e-4951")).toBe("0");
    expect(round("1.8e-4951")).toBeUndefined();
    // A text has less than 5,120 characters.
    expect(round(`1${"0".repeat(5112)}e-5110`)).toBe("100");
    expect(round(`1${"0".repeat(5113)}e-5110`)).toBeUndefined();
  });

  test("are exact on whole numbers and on doubles", () => {
    fc.assert(
      fc.property(fc.bigInt(-(2n ** 62n), 2n ** 62n), fc.bigInt(-(2n ** 62n), 2n ** 62n), (a, b) => {
        expect(sum(String(a), String(b))).toBe(String(a + b));
      }),
    );
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true, min: 1, max: 1e15 }), (value) => {
        expect(Number(round(String(value)))).toBe(value);
      }),
    );
  });
});
