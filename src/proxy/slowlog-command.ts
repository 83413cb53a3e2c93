import { type Command, command } from "../commands/command.ts";
import { containerCommand } from "../commands/container-command.ts";
import { notedArguments } from "../commands/shown-arguments.ts";
import type { SlowEntry } from "../instruments/slow-log.ts";
import { parseInt64 } from "../lib/bytes.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import type { ProxyContext } from "./context.ts";
import { RESULTS } from "./request-results.ts";
import { waitsOf } from "./slow-report.ts";

const USUAL_COUNT = 10n;

/** GLASS.SLOWLOG: the proxy's own slow requests, of all threads. SLOWLOG is the origin's. */
export const slowlogCommand: Command<ProxyContext> = containerCommand<ProxyContext>({
  name: "glass.slowlog",
  summary: "A container for commands about slow requests of the proxy.",
  subcommands: [
    command("glass.slowlog|get", "Returns slow requests, and where their time went.", get),
    command(
      "glass.slowlog|len",
      "Returns the number of slow requests that are kept.",
      ({ proxy }, _request, reply) => reply.integer(entries(proxy).length),
    ),
    command("glass.slowlog|reset", "Forgets all slow requests.", ({ proxy }, _request, reply) => {
      proxy.threads.slowLog.clear();
      reply.ok();
    }),
  ],
  help: [
    "GET [<count>]",
    "    Return top <count> requests (default: 10, -1 mean all).",
    "    Entries are made of:",
    "    id, timestamp, time in microseconds, arguments array, client IP and port,",
    "    client name, result, map of where the time went, in microseconds",
    "LEN",
    "    Return the number of requests.",
    "RESET",
    "    Forget all requests.",
  ],
});

function entries({ threads, settings }: ProxyContext["proxy"], count = settings.slowRequests): SlowEntry[] {
  return threads.slowLog.newest(Math.min(count, settings.slowRequests));
}

function get({ proxy }: ProxyContext, request: Request, reply: ReplyWriter): void {
  const count =
    request.count === 2 ? USUAL_COUNT : parseInt64(request.bytes, request.starts[2]!, request.ends[2]!);
  if (count === undefined || count < -1n) {
    reply.error("ERR count should be greater than or equal to -1");
    return;
  }
  const told = entries(proxy, count < 0n ? undefined : Number(count));
  reply.array(told.length);
  for (const entry of told) writeEntry(entry, reply);
}

/** As SLOWLOG GET has it, with two elements more. */
function writeEntry(entry: SlowEntry, reply: ReplyWriter): void {
  reply.array(8);
  reply.integer(entry.id);
  reply.integer(Math.floor(entry.endedAtMs / 1000));
  reply.integer(micros(entry.durationMs));
  const shown = notedArguments(entry.body);
  reply.array(shown.length);
  for (const argument of shown) reply.bulk(argument);
  reply.bulkText(entry.clientAddress);
  reply.bulkText(entry.clientName);
  reply.bulkText(RESULTS[entry.result]!);
  const waits = Object.entries(waitsOf(entry));
  reply.map(waits.length);
  for (const [name, ms] of waits) {
    reply.bulkText(name.replace("otherRead", "other-read"));
    reply.integer(micros(ms));
  }
}

function micros(ms: number): number {
  return Math.round(ms * 1000);
}
