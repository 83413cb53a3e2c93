import type { Command } from "../net/command-table.ts";
import type { ProxySession } from "./session.ts";
export const adminCommands: readonly Command<ProxySession>[] = [];
