import { expect, test } from "bun:test";
import {
  CHANGEABLE_LIMITS,
  DEFAULT_LIMITS,
  LAST_REPLIES_MS,
  LIMIT_SETTINGS,
  LINGER_MS,
  limitsFrom,
  PAUSE_READING_BYTES,
} from "./limits.ts";

const NAMES = Object.keys(LIMIT_SETTINGS);

test("without a setting are the time for last replies, that to read an error, and what may wait unexecuted", () => {
  expect([LAST_REPLIES_MS, LINGER_MS, PAUSE_READING_BYTES]).toEqual([10_000, 2_000, 65_536]);
});

test("all limits but one can be changed while a service runs", () => {
  expect(CHANGEABLE_LIMITS.map(([name]) => name)).toEqual(
    NAMES.filter((name) => name !== "maxPendingReplies"),
  );
  for (const [name, setting] of CHANGEABLE_LIMITS) {
    expect(LIMIT_SETTINGS[name as keyof typeof LIMIT_SETTINGS]).toBe(setting);
  }
});

test("each setting has a limit of its own", () => {
  const limits = limitsFrom((_setting, key) => 1000 + NAMES.indexOf(key));
  const settings = Object.values(LIMIT_SETTINGS);
  expect(settings.map((setting) => setting.read(limits))).toEqual(NAMES.map((_, index) => 1000 + index));
  for (const [index, setting] of settings.entries()) {
    setting.write(limits, 5);
    const changed = settings.filter((other) => other.read(limits) === 5);
    expect(changed).toEqual(settings.slice(0, index + 1));
  }
});

test("changing a limit of a copy leaves the defaults alone", () => {
  const copy = { ...DEFAULT_LIMITS };
  const before = DEFAULT_LIMITS.parser.requestBytes;
  LIMIT_SETTINGS.maxRequest.write(copy, before + 1);
  expect([copy.parser.requestBytes, DEFAULT_LIMITS.parser.requestBytes]).toEqual([before + 1, before]);
});
