import type { Command } from "../commands/command.ts";
import { proxyConfigCommand } from "./config-command.ts";
import type { ProxyContext, ProxyParts } from "./context.ts";
import { infoCommand } from "./info-command.ts";

/** INFO and CONFIG, of the proxy and of its origin. (COMMAND is the origin's.) */
export function adminCommands(proxy: ProxyParts): readonly Command<ProxyContext>[] {
  const { cache, registry, stats, threads } = proxy;
  return [
    infoCommand,
    proxyConfigCommand(proxy, () => {
      stats.reset();
      cache.invalidationCount = 0;
      registry.resetStatistics();
      threads.numbers.resetEnded();
    }),
  ];
}
