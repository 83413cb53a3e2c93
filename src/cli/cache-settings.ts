import { totalmem } from "node:os";
import { formatSize } from "../lib/quantity.ts";
import {
  DEFAULT_POLICY,
  type PolicyChoice,
  parsePolicyOf,
  policyNames,
  policyType,
} from "../policy/registry.ts";
import { offering, type Setting, setting, size } from "./setting.ts";

/** What server and proxy have in common: how much memory entries take, and what leaves it first. */

export function memorySetting(fallback: string, group: string, description: string): Setting<number> {
  const read = size({ least: "1mb" });
  const readWithin = (given: string): number => {
    const bytes = read(given);
    if (bytes > totalmem()) {
      throw new RangeError(`${formatSize(bytes)} is more than this machine has: ${formatSize(totalmem())}`);
    }
    return bytes;
  };
  return setting(readWithin, fallback, { placeholder: "<size>", description, group });
}

export function policySetting(group: string): Setting<PolicyChoice> {
  return setting(offering(onlinePolicyNames(), parseOnlinePolicy), DEFAULT_POLICY, {
    placeholder: "<policy>",
    description: `what leaves memory first: ${onlinePolicyNames().join(", ")}`,
    group,
  });
}

/** Those that a server can run. */
function onlinePolicyNames(): string[] {
  return policyNames().filter((name) => policyType(name).offline !== true);
}

function parseOnlinePolicy(text: string): PolicyChoice {
  const choice = parsePolicyOf(text, onlinePolicyNames());
  if (choice.type.offline === true) {
    throw new RangeError(`"${text}" needs to know the future, so it runs in the simulator only`);
  }
  return choice;
}
