import { factsOfRequest } from "../commands/command-facts.ts";
import { arityFits } from "../commands/command-table.ts";
import type { Request } from "../protocol/protocol.ts";
import { type ReadOnlyScripts, saysItIsReadOnly } from "./read-only-scripts.ts";

/**
 * Whether a request would be told to replicas, which CLIENT PAUSE WRITE holds up: writes, messages, and scripts that do
 * not say that they write nothing; of what is not known, everything. Of FCALL the origin has to be asked
 * (`calledFunction`), and it counts as told. EXEC depends on what has been queued, which is not looked at here.
 */
export function replicates(name: string, request: Request, scripts: ReadOnlyScripts): boolean {
  const facts = factsOfRequest(request);
  if (facts === undefined) return true;
  // The origin refuses it at once.
  if (!arityFits(facts, request.count)) return false;
  if (name === "eval") return !saysItIsReadOnly(request, 1);
  if (name === "evalsha") return !scripts.has(request.text(1));
  return facts.flags.includes("write") || facts.flags.includes("may_replicate");
}

/** The function that an FCALL names. @param name the command in lower case */
export function calledFunction(name: string, request: Request): string | undefined {
  return name === "fcall" && request.count > 2 ? request.text(1) : undefined;
}
