import { type Command, command } from "../commands/command.ts";
import { SYNTAX_ERROR } from "../commands/command-errors.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import type { ProxyContext } from "./context.ts";

/** The proxy's own commands: they let a client see what the cache did. */
export const glassCommands: readonly Command<ProxyContext>[] = [
  command(
    "glass.source",
    "Names the source of each cached read in an attribute before its reply (RESP3).",
    source,
  ),
  command(
    "glass.explain",
    "Tells whether a key is cached, since when, how often it was read, and its place in the policy's queues.",
    explain,
  ),
  command(
    "glass.health",
    "Answers OK while requests can be served, else an error that says why they cannot.",
    health,
  ),
];

function source(session: ProxyContext, request: Request, reply: ReplyWriter): void {
  const mode = request.text(1).toLowerCase();
  if (mode !== "on" && mode !== "off") {
    reply.error(SYNTAX_ERROR);
  } else if (mode === "on" && reply.version !== 3) {
    reply.error("ERR GLASS.SOURCE needs RESP3, which has attributes: send HELLO 3 first");
  } else {
    session.namesSources = mode === "on";
    reply.ok();
  }
}

/** For health checks: PING says only that the proxy is there. Several threads are asked, and one that fails counts. */
function health({ proxy: { origin, settings } }: ProxyContext, _request: Request, reply: ReplyWriter): void {
  if (origin.linkStatus === "up") reply.ok();
  else if (origin.linkStatus === "silent") {
    reply.error(
      `ORIGINTIMEOUT origin ${origin.name} gave no sign of life for ${settings.heartbeatTimeoutMs} ms`,
    );
  } else reply.error(`${origin.lastError.code} ${origin.lastError.message}`);
}

function explain(session: ProxyContext, request: Request, reply: ReplyWriter): void {
  const { cache, nowMs, threads } = session.proxy;
  const start = request.starts[1]!;
  const end = request.ends[1]!;
  const now = nowMs();
  const entry = cache.store.explain(
    request.bytes,
    start,
    end,
    cache.store.hash(request.bytes, start, end),
    now,
  );
  if (entry === undefined) {
    reply.map(1);
    reply.bulkText("cached");
    reply.boolean(false);
    return;
  }
  const detail = Object.entries(entry.detail);
  reply.map(9 + detail.length);
  reply.bulkText("cached");
  reply.boolean(true);
  reply.bulkText("servable");
  reply.boolean(now <= threads.provenUntilMs);
  field(reply, "age-ms", Math.max(0, Math.floor(now - entry.filledAtMs)));
  field(reply, "ttl-ms", entry.expiresAtMs === 0 ? -1 : Math.max(0, Math.floor(entry.expiresAtMs - now)));
  field(reply, "reads", entry.reads);
  field(reply, "value-bytes", entry.valueBytes);
  field(reply, "charged-bytes", entry.chargedBytes);
  field(reply, "policy", cache.store.policyName);
  field(reply, "queue", entry.queue);
  for (const [name, value] of detail) field(reply, name, value);
}

function field(reply: ReplyWriter, name: string, value: number | string): void {
  reply.bulkText(name);
  if (typeof value === "string") reply.bulkText(value);
  else if (Number.isInteger(value)) reply.integer(value);
  else reply.double(value);
}
