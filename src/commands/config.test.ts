import { expect, test } from "bun:test";
import { fixedParameter, integerParameter, type Parameter, sizeParameter } from "./config.ts";

/** Sets a parameter. @returns its value then, or the reason why it was refused */
function set(parameter: Parameter, text: string): string {
  try {
    parameter.set!(text);
    return parameter.get();
  } catch (error) {
    return (error as Error).message;
  }
}

const NO_INTEGER = "argument couldn't be parsed into an integer";
const OUTSIDE = "argument must be between -3 and 10 inclusive";

test.each([
  ["-3", "-3"],
  ["-4", OUTSIDE],
  ["10", "10"],
  ["11", OUTSIDE],
  ["007", "7"],
  ["9007199254740991", OUTSIDE],
  ["9007199254740993", NO_INTEGER],
  ["", NO_INTEGER],
  ["-", NO_INTEGER],
  ["+1", NO_INTEGER],
  ["1.0", NO_INTEGER],
  ["1e1", NO_INTEGER],
  [" 1", NO_INTEGER],
])("an integer set to %j: %s", (text, expected) => {
  let value = 0;
  const parameter = integerParameter(
    "n",
    [-3, 10],
    () => value,
    (to) => {
      value = to;
    },
  );
  expect(set(parameter, text)).toBe(expected);
});

test.each([
  ["0", "0"],
  ["100", "100"],
  ["1kb", "1024"],
  ["-1", "argument must be a memory value"],
  ["much", "argument must be a memory value"],
  ["13", "thirteen"],
])("a size set to %s: %s", (text, expected) => {
  let value = 0;
  const parameter = sizeParameter(
    "s",
    () => value,
    (to) => {
      if (to === 13) throw new RangeError("thirteen");
      value = to;
    },
  );
  expect(set(parameter, text)).toBe(expected);
});

test("a fixed parameter shows its value at present, and cannot be set", () => {
  let value = "a";
  const parameter = fixedParameter("f", () => value);
  value = "b";
  expect([parameter.get(), parameter.set, fixedParameter("f", "c").get()]).toEqual(["b", undefined, "c"]);
});
