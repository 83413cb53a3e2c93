import { COMMAND_FACTS, factsOfRequest } from "../commands/command-facts.ts";
import type { Request } from "../protocol/protocol.ts";

/** What this server does not have, by Redis's group of the commands about it. */
const NOT_HERE: ReadonlyMap<string, string> = new Map([
  ["list", "lists"],
  ["set", "sets"],
  ["hash", "hashes"],
  ["sorted-set", "sorted sets"],
  ["stream", "streams"],
  ["geo", "geospatial indexes"],
  ["hyperloglog", "HyperLogLogs"],
  ["module", "vector sets"],
  ["scripting", "scripts and functions"],
]);

/** Commands of other groups that need what is not here. */
const NEEDING: ReadonlyMap<string, string> = new Map([
  ["sort", "lists, sets and sorted sets"],
  ["sort_ro", "lists, sets and sorted sets"],
]);

/** Explains why a command of Redis is missing here, and what to use instead; undefined for other commands. */
export function notServed(request: Request): string | undefined {
  const called = request.text(0).toLowerCase();
  const group = COMMAND_FACTS.get(called)?.group;
  const what = NEEDING.get(called) ?? (group === undefined ? undefined : NOT_HERE.get(group));
  if (what === undefined) return undefined;
  const name = factsOfRequest(request)!.name.replace("|", " ").toUpperCase();
  const verb = group === "scripting" ? "runs" : "keeps";
  return `ERR ${name} is not available: this server ${verb} no ${what}. For these, use a Redis or Valkey as the origin of a proxy: glasscache proxy --origin redis://HOST:PORT`;
}
