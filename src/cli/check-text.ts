import { flagName } from "../lib/number-setting.ts";
import type { Config } from "./config.ts";
import type { Settings } from "./setting.ts";

/**
 * Tells that a configuration is right, and what in it differs from the defaults, a line for each setting: its value,
 * where it comes from, and the default.
 * @param running what else to tell: what the service that runs has otherwise
 */
export function checkText<S extends Settings>(
  settings: S,
  { texts, labels, ranks }: Config<S>,
  running: readonly string[],
): string {
  const lines = Object.entries(settings).flatMap(([key, { fallback }]) => {
    const text = texts[key];
    if (ranks[key] === 0 || text === undefined || text === fallback || key === "check") return [];
    // An origin's address may hold a password.
    const isSecret = /password$/i.test(key) || (key === "origin" && text.includes("@"));
    const value = isSecret ? "(secret)" : text;
    const otherwise = fallback === undefined ? "" : `; the default is ${fallback}`;
    return [`  ${flagName(key)}: ${value} (${labels[key]}${otherwise})`];
  });
  const differs =
    lines.length === 0 ? "all settings have their defaults" : "these settings differ from the defaults:";
  return [`The configuration is right; ${differs}`, ...lines, ...running, ""].join("\n");
}
