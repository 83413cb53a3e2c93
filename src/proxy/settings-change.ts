import { forSetting, type SettingChange } from "../lib/setting-error.ts";
import type { ProxyParts } from "./context.ts";
import { ownParameters } from "./own-parameters.ts";

/**
 * Changes settings of the running proxy, in all threads: all of them, or none.
 * @throws RangeError naming the setting and saying what is wrong with its value, or that it cannot be changed
 */
export async function changeSettings(proxy: ProxyParts, changes: readonly SettingChange[]): Promise<void> {
  const parameters = new Map(ownParameters(proxy).map((parameter) => [parameter.name, parameter]));
  const prepared = changes.map(({ name, text }) => {
    const prepare = parameters.get(name)?.prepare;
    if (prepare === undefined) throw new RangeError(`--${name}: cannot be changed while the proxy runs`);
    return { name, apply: forSetting(name, () => prepare(text)) };
  });
  const reverts: (() => void)[] = [];
  try {
    for (const { name, apply } of prepared) reverts.push(forSetting(name, apply));
  } catch (error) {
    for (const revert of reverts.reverse()) revert();
    throw error;
  }
  proxy.live.refresh();
  await proxy.peers?.ask({ kind: "settings" });
}
