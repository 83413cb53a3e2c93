import { checkReserved } from "../commands/reserved-memory.ts";
import type { Engine } from "../engine/engine.ts";
import { flagName, readNumber } from "../lib/number-setting.ts";
import { parseSize } from "../lib/quantity.ts";
import { forSetting, type SettingChange } from "../lib/setting-error.ts";
import { type Adjustable, CHANGEABLE_LIMITS } from "../net/limits.ts";
import type { ServerLimits } from "./limits.ts";

const LIMITS = new Map(CHANGEABLE_LIMITS.map(([key, setting]) => [flagName(key), setting]));

/** The names of the settings that can be changed while the server runs. */
export const CHANGEABLE_SETTINGS: readonly string[] = ["memory", "policy", ...LIMITS.keys()];

/** What of a server can be changed. */
interface ChangeableServer {
  readonly engine: Engine;
  readonly limits: Adjustable<ServerLimits>;
}

/**
 * Changes settings of the running server: all of them, or none.
 * @param changes values as a user writes them, under the names of their flags
 * @throws RangeError naming the setting and saying what is wrong with its value, or that it cannot be changed
 */
export function changeSettings(
  { engine, limits }: ChangeableServer,
  changes: readonly SettingChange[],
): void {
  const before = { limits: { ...limits }, budgetBytes: engine.budgetBytes, policy: engine.policy };
  try {
    for (const { name, text } of changes) {
      forSetting(name, () => {
        const limit = LIMITS.get(name);
        if (limit !== undefined) limit.write(limits, readNumber(text, limit.kind, limit));
        else if (name === "memory") {
          const bytes = parseSize(text);
          checkReserved(bytes, engine.mostBudgetBytes);
          engine.budgetBytes = bytes;
        } else if (name === "policy") engine.policy = text;
        else throw new RangeError("cannot be changed while the server runs");
      });
    }
  } catch (error) {
    Object.assign(limits, before.limits);
    if (engine.budgetBytes !== before.budgetBytes) engine.budgetBytes = before.budgetBytes;
    if (engine.policy !== before.policy) engine.policy = before.policy;
    throw error;
  }
}
