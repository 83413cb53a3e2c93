import { type Command, command } from "../commands/command.ts";
import type { ProxyContext } from "./context.ts";

/** MONITOR: the requests of the proxy's clients, and the commands of scripts at the origin. */
export const monitorCommand: Command<ProxyContext> = command(
  "monitor",
  "Listens for all requests received by the proxy in real-time.",
  (context) => {
    const { connection, proxy } = context;
    const answer = context.answerLater();
    // The client's later requests are shown to it, too.
    connection.hold();
    proxy.scriptLines.begin(() => {
      answer((reply) => reply.ok());
      connection.release();
      if (!connection.isClosed) proxy.monitors.add(connection);
      else if (!proxy.monitors.hasOwn) proxy.scriptLines.end();
    });
  },
);
