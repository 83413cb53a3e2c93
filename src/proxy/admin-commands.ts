import type { Command } from "../commands/command.ts";
import { proxyConfigCommand } from "./config-command.ts";
import type { ProxyContext, ProxyParts } from "./context.ts";
import { resetCounters } from "./counters.ts";
import { infoCommand } from "./info-command.ts";

/** INFO and CONFIG, which concern both the proxy and its origin. (COMMAND goes to the origin.) */
export function adminCommands(proxy: ProxyParts): readonly Command<ProxyContext>[] {
  return [infoCommand, proxyConfigCommand(proxy, () => resetCounters(proxy))];
}
