import { type Command, command } from "../../commands/command.ts";
import type { ServerContext } from "../context.ts";

/** TIME: seconds and microseconds of the server's clock. */
export const timeCommand: Command<ServerContext> = command(
  "time",
  "Returns the server time.",
  ({ host }, _request, reply) => {
    const ms = host.clock.wallMs();
    const seconds = Math.floor(ms / 1000);
    reply.array(2);
    reply.bulkText(String(seconds));
    reply.bulkText(String(Math.floor((ms - seconds * 1000) * 1000)));
  },
);
