import type { Command } from "../commands/command.ts";
import type { ProxyContext } from "./context.ts";
import { glassCommands } from "./glass-commands.ts";
import { instrumentCommands } from "./instrument-commands.ts";
import { slowlogCommand } from "./slowlog-command.ts";

/** All commands that only a proxy has: `GLASS.…`. */
export const ownCommands: readonly Command<ProxyContext>[] = [
  ...glassCommands,
  ...instrumentCommands,
  slowlogCommand,
];
