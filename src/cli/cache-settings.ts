import { totalmem } from "node:os";
import { formatSize } from "../lib/quantity.ts";
import {
  DEFAULT_POLICY,
  type PolicyChoice,
  parsePolicyOf,
  policyNames,
  policyType,
} from "../policy/registry.ts";
import { UsageError } from "./exit.ts";
import { offering, optionalSetting, type Setting, setting, size } from "./setting.ts";

/** Settings that server and proxy share: how much memory entries take, and which entries are evicted first. */

export function memorySetting(fallback: string, group: string, description: string): Setting<number> {
  return setting(sizeWithinMachine, fallback, { placeholder: "<size>", description, group });
}

export function maxMemorySetting(group: string): Setting<number | undefined> {
  return optionalSetting(sizeWithinMachine, {
    placeholder: "<size>",
    description:
      "upper limit for CONFIG SET: reserves address space, which takes no memory; by default the " +
      "initial value",
    group,
  });
}

/** @throws UsageError if the initial memory exceeds its upper limit */
export function checkMaxMemory(
  values: { readonly memory: number; readonly maxMemory: number | undefined },
  labels: { readonly memory: string; readonly maxMemory: string },
): void {
  const { memory, maxMemory = memory } = values;
  if (maxMemory >= memory) return;
  throw new UsageError(
    `${labels.maxMemory}: ${formatSize(maxMemory)} is less than ${labels.memory}, ${formatSize(memory)}`,
  );
}

export function policySetting(group: string): Setting<PolicyChoice> {
  return setting(offering(onlinePolicyNames(), parseOnlinePolicy), DEFAULT_POLICY, {
    placeholder: "<policy>",
    description: `eviction policy: ${onlinePolicyNames().join(", ")}`,
    group,
  });
}

function sizeWithinMachine(given: string): number {
  const bytes = size({ least: "1mb" })(given);
  if (bytes > totalmem()) {
    throw new RangeError(`${formatSize(bytes)} is more than this machine has: ${formatSize(totalmem())}`);
  }
  return bytes;
}

/** The policies that a server can run. */
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
