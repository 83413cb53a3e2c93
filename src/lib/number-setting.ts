import { formatShare, parseDuration, parseShare, parseSize } from "./quantity.ts";

/** How users write a number: as a size, a duration, a count or a percentage. */
export interface NumberKind {
  /** Stands for the number in a help text. */
  readonly placeholder: string;
  /** Parses what a user wrote. @throws RangeError naming the text */
  parse(text: string): number;
  show(value: number): string;
}

/** Bytes, written as `64mb`. */
export const SIZE: NumberKind = { placeholder: "<size>", parse: parseSize, show: String };
/** Milliseconds, written as `30s`. */
export const DURATION: NumberKind = { placeholder: "<time>", parse: parseDuration, show: (ms) => `${ms}ms` };
/** Milliseconds, or `off`: Infinity. */
export const DURATION_OR_OFF: NumberKind = {
  placeholder: "<time|off>",
  parse(text) {
    if (text.trim().toLowerCase() === "off") return Number.POSITIVE_INFINITY;
    try {
      return parseDuration(text);
    } catch {
      throw new RangeError(`"${text}" is neither off nor a duration such as 30s, 500ms or 2m`);
    }
  },
  show: (ms) => (ms === Number.POSITIVE_INFINITY ? "off" : DURATION.show(ms)),
};
/** A whole number. */
export const COUNT: NumberKind = { placeholder: "<count>", parse: parseCount, show: String };
/** A share from 0 to 1, written as `5%`. */
export const PERCENTAGE: NumberKind = { placeholder: "<percent>", parse: parseShare, show: formatShare };

/** The longest time-out; timers cannot be set for longer. */
export const LONGEST_TIMEOUT = "24d";

/** Bounds of a number, as users write them. */
export interface NumberRange {
  readonly least?: string;
  readonly most?: string;
}

/** A setting that is a number. All texts are as users write them. */
export interface NumberSetting extends NumberRange {
  readonly kind: NumberKind;
  /** The default. */
  readonly initial: string;
  /** Describes the setting in the help. */
  readonly description: string;
  /** The section of the help, such as `Limits`. */
  readonly group: string;
}

/** Reads a number within a range. @throws RangeError that says what is wrong with the text */
export function readNumber(text: string, kind: NumberKind, { least, most }: NumberRange): number {
  const value = kind.parse(text);
  if (least !== undefined && value < kind.parse(least)) {
    throw new RangeError(`"${text}" is too small: the least is ${least}`);
  }
  if (most !== undefined && value > kind.parse(most)) {
    throw new RangeError(`"${text}" is too large: the most is ${most}`);
  }
  return value;
}

/**
 * Returns the flag's name: `--max-value` is the flag of the setting `maxValue`, and `max-value` its name for CONFIG.
 */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function parseCount(text: string): number {
  const value = /^[0-9]+$/.test(text) ? Number(text) : Number.NaN;
  if (!Number.isSafeInteger(value)) throw new RangeError(`"${text}" is not a whole number`);
  return value;
}
