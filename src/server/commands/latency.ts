import { type Command, command } from "../../commands/command.ts";
import { shownText } from "../../commands/command-errors.ts";
import { containerCommand } from "../../commands/container-command.ts";
import type { ServerContext } from "../context.ts";

const DISABLED =
  "Latency monitoring is not a part of this server. SLOWLOG GET tells of commands that took long. MONITOR shows what clients ask.\n";

/** LATENCY, with the answers of a Redis that monitors no latencies. */
export const latencyCommand: Command<ServerContext> = containerCommand<ServerContext>({
  name: "latency",
  summary: "A container for latency diagnostics commands.",
  subcommands: [
    command(
      "latency|doctor",
      "Returns a human-readable latency analysis report.",
      (_context, _request, reply) => reply.verbatim("txt", DISABLED),
    ),
    command("latency|graph", "Returns a latency graph for an event.", (_context, request, reply) =>
      reply.error(`ERR No samples available for event '${shownText(request, 2)}'`),
    ),
    command(
      "latency|histogram",
      "Returns the cumulative distribution of latencies.",
      (_context, _request, reply) => reply.map(0),
    ),
    command(
      "latency|history",
      "Returns timestamp-latency samples for an event.",
      (_context, _request, reply) => reply.array(0),
    ),
    command(
      "latency|latest",
      "Returns the latest latency samples for all events.",
      (_context, _request, reply) => reply.array(0),
    ),
    command("latency|reset", "Resets the latency data for one or more events.", (_context, _request, reply) =>
      reply.integer(0),
    ),
  ],
  help: [
    "DOCTOR",
    "    Return a human readable latency analysis report.",
    "GRAPH <event>",
    "    Return an ASCII latency graph for the <event> class.",
    "HISTORY <event>",
    "    Return time-latency samples for the <event> class.",
    "LATEST",
    "    Return the latest latency samples for all events.",
    "RESET [<event> ...]",
    "    Reset latency data of one or more <event> classes.",
    "    (default: reset all data for all event classes)",
    "HISTOGRAM [COMMAND ...]",
    "    Return a cumulative distribution of latencies in the format of a histogram for the specified command names.",
    "    If no commands are specified then all histograms are replied.",
  ],
});
