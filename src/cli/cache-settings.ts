import { totalmem } from "node:os";
import { type PolicyChoice, parsePolicy, policyNames, policyType } from "../cache/registry.ts";
import { formatSize } from "../lib/quantity.ts";
import { readBy, type Setting, setting, size } from "./setting.ts";

/** What server and proxy have in common: how much memory entries take, and what leaves it first. */

export function memorySetting(fallback: string, group: string, description: string): Setting<number> {
  const bytes = size({ least: "1mb" }).refine((value) => value <= totalmem(), {
    error: ({ input }) =>
      `${formatSize(input as number)} is more than this machine has: ${formatSize(totalmem())}`,
  });
  return setting(bytes, fallback, { placeholder: "<size>", description, group });
}

export function policySetting(group: string): Setting<PolicyChoice> {
  const names = policyNames().filter((name) => policyType(name).offline !== true);
  return setting(readBy(parseOnlinePolicy), "s3-fifo", {
    placeholder: "<policy>",
    description: `what leaves memory first: ${names.join(", ")}`,
    group,
  });
}

function parseOnlinePolicy(text: string): PolicyChoice {
  const choice = parsePolicy(text);
  if (choice.type.offline === true) {
    throw new RangeError(`"${text}" needs to know the future, so it runs in the simulator only`);
  }
  return choice;
}
