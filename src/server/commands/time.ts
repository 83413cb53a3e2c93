import type { Command } from "../../net/command-table.ts";
import type { ServerContext } from "../context.ts";

/** TIME: seconds and microseconds of the server's clock. */
export const timeCommand: Command<ServerContext> = {
  name: "time",
  arity: 1,
  flags: ["loading", "stale", "fast"],
  group: "server",
  summary: "Returns the server time.",
  since: "2.6.0",
  run({ host }, _request, reply) {
    const ms = host.clock.wallMs();
    const seconds = Math.floor(ms / 1000);
    reply.array(2);
    reply.bulkText(String(seconds));
    reply.bulkText(String(Math.floor((ms - seconds * 1000) * 1000)));
  },
};
