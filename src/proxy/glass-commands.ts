import { type Command, command } from "../commands/command.ts";
import { SYNTAX_ERROR } from "../commands/command-errors.ts";
import type { BiographyReport } from "../instruments/view.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import type { ProxyContext } from "./context.ts";

/** The proxy's own commands, by which a client sees what the cache did. */
export const glassCommands: readonly Command<ProxyContext>[] = [
  command(
    "glass.source",
    "Names the source of each cached read in an attribute before its reply (RESP3). redis-cli 7.0 and clients on " +
      "hiredis before 1.1 cannot read attributes: use GLASS.GET there.",
    source,
  ),
  command(
    "glass.get",
    "Reads a value as GET does, and answers a map: source, age-ms, ttl-ms, value. Works in RESP2 too.",
    (session, request, reply) => session.getDescribed!(request, reply),
  ),
  command(
    "glass.explain",
    "Tells whether a key is cached, since when, how often it was read, and its place in the policy's queues; and what " +
      "happened to it, as far as the instruments have followed it.",
    explainWithStory,
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
    reply.error(
      "ERR GLASS.SOURCE needs RESP3, which has attributes: send HELLO 3 first, or use GLASS.GET key",
    );
  } else {
    session.namesSources = mode === "on";
    reply.ok();
  }
}

/**
 * Answers GLASS.HEALTH, for health checks: PING says only that the proxy runs. With several threads, all must be
 * healthy.
 */
function health({ proxy: { origin, settings } }: ProxyContext, _request: Request, reply: ReplyWriter): void {
  if (origin.linkStatus === "up") reply.ok();
  else if (origin.linkStatus === "silent") {
    reply.error(
      `ORIGINTIMEOUT origin ${origin.name} gave no sign of life for ${settings.heartbeatTimeoutMs} ms`,
    );
  } else reply.error(`${origin.lastError.code} ${origin.lastError.message}`);
}

/** Answers GLASS.EXPLAIN: the entry as it is when the request is executed, then the story. */
function explainWithStory(session: ProxyContext, request: Request, reply: ReplyWriter): void {
  const { instruments } = session.proxy;
  const fields = explain(session, request);
  if (instruments === undefined) {
    writeExplanation(reply, fields);
    return;
  }
  const key = request.bytes.slice(request.starts[1]!, request.ends[1]!);
  const answer = session.answerLater();
  instruments.ask({ kind: "biography", key }, (told) =>
    answer((late) =>
      writeExplanation(late, fields, "report" in told ? (told.report as BiographyReport) : undefined),
    ),
  );
}

type Field = [name: string, value: number | string | boolean];

function writeExplanation(reply: ReplyWriter, fields: readonly Field[], story?: BiographyReport): void {
  reply.map(fields.length + (story === undefined ? 0 : 2));
  for (const [name, value] of fields) writeField(reply, name, value);
  if (story === undefined) return;
  writeField(reply, "followed", story.isSampled || story.isWatched);
  reply.bulkText("events");
  reply.array(story.events.length);
  for (const { atMs, text } of story.events) reply.bulkText(`${new Date(atMs).toISOString()} ${text}`);
}

function explain(session: ProxyContext, request: Request): Field[] {
  const { proxy } = session;
  const { cache, readThrough } = proxy;
  const now = proxy.nowMs();
  const key = proxy.keyOf(request, 1);
  const entry = cache.store.explain(key, now);
  if (entry === undefined) return [["cached", false]];
  const fields: Field[] = [
    ["cached", true],
    ["servable", readThrough.isProven(key, now)],
    ["age-ms", Math.max(0, Math.floor(now - entry.filledAtMs))],
    ["ttl-ms", entry.expiresAtMs === 0 ? -1 : Math.max(0, Math.floor(entry.expiresAtMs - now))],
    ["reads", entry.reads],
    ["value-bytes", entry.valueBytes],
    ["charged-bytes", entry.chargedBytes],
    ["policy", cache.store.policyName],
    ["queue", entry.queue],
  ];
  const names = new Set(fields.map(([name]) => name));
  for (const [term, value] of Object.entries(entry.detail)) {
    const name = dashed(term);
    // A policy's count may differ from the cache's: S3-FIFO counts up to three reads.
    fields.push([names.has(name) ? `policy-${name}` : name, value]);
  }
  return fields;
}

/** Converts a name to the form of the other fields: `recentWeight` becomes `recent-weight`. */
function dashed(term: string): string {
  return term.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function writeField(reply: ReplyWriter, name: string, value: number | string | boolean): void {
  reply.bulkText(name);
  if (typeof value === "string") reply.bulkText(value);
  else if (typeof value === "boolean") reply.boolean(value);
  else if (Number.isInteger(value)) reply.integer(value);
  else reply.double(value);
}
