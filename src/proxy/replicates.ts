import { factsOfRequest } from "../commands/command-facts.ts";
import { arityFits } from "../commands/command-table.ts";
import type { Request } from "../protocol/protocol.ts";
import { type ReadOnlyScripts, saysItIsReadOnly } from "./read-only-scripts.ts";

/**
 * Whether replicas would be told of a request, so that CLIENT PAUSE WRITE delays it: writes, messages, scripts that
 * do not declare that they write nothing, and every unknown command. For FCALL the answer is yes, although only the
 * origin knows (`calledFunction`). EXEC depends on the queued commands, which are not examined here.
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

/** Returns the function that an FCALL names. @param name the command in lower case */
export function calledFunction(name: string, request: Request): string | undefined {
  return name === "fcall" && request.count > 2 ? request.text(1) : undefined;
}
