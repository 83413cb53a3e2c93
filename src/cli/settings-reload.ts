import type { Logger } from "pino";
import { flagName } from "../lib/number-setting.ts";
import type { SettingChange } from "../lib/setting-error.ts";
import type { Config } from "./config.ts";
import type { Settings } from "./setting.ts";

interface ReloadOptions<S extends Settings> {
  /** As the service was started. */
  readonly started: Config<S>;
  readonly reread: () => Promise<Config<S>>;
  /** The names of settings that can be changed while the service runs. */
  readonly changeable: readonly string[];
  /** Changes all of them, or none. @throws RangeError */
  readonly change: (changes: readonly SettingChange[]) => Promise<void>;
  readonly log: Logger;
}

/**
 * Returns what reads the settings again and changes those that are written in another way than before. What only a
 * restart can change is logged.
 * @returns what was changed, for the log @throws UsageError, RangeError; then nothing was changed
 */
export function settingsReload<S extends Settings>(
  options: ReloadOptions<S>,
): () => Promise<readonly string[]> {
  const { started, reread, changeable, change, log } = options;
  let present = started;
  return async () => {
    const next = await reread();
    const keys = Object.keys(next.texts).filter((key) => next.texts[key] !== present.texts[key]);
    const changes: SettingChange[] = [];
    for (const key of keys) {
      const name = flagName(key);
      const text = next.texts[key];
      if (text !== undefined && changeable.includes(name)) changes.push({ name, text });
      else log.warn(`${next.labels[key]}: has changed, which takes a restart to count`);
    }
    if (changes.length > 0) await change(changes);
    const said = changes.map(({ name }) => {
      const key = keys.find((each) => flagName(each) === name)!;
      return `${name}: ${present.texts[key]} → ${next.texts[key]}`;
    });
    present = next;
    return said;
  };
}
