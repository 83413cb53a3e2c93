import { COMMAND_FACTS, factsOfRequest } from "../commands/command-facts.ts";
import type { Request } from "../protocol/protocol.ts";

/** What this server does not keep or run, by Redis's groups of the commands about it. */
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

/** Why a command of Redis that this server does not have is not here, and what to use; undefined for others. */
export function notServed(request: Request): string | undefined {
  const group = COMMAND_FACTS.get(request.text(0).toLowerCase())?.group;
  const what = group === undefined ? undefined : NOT_HERE.get(group);
  if (what === undefined) return undefined;
  const name = factsOfRequest(request)!.name.replace("|", " ").toUpperCase();
  const verb = group === "scripting" ? "runs" : "keeps";
  return `ERR ${name} is not available: this server ${verb} no ${what}. For these, use a Redis or Valkey as the origin of a proxy: glasscache proxy --origin redis://HOST:PORT`;
}
