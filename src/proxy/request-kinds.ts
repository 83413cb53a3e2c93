import type { Request } from "../protocol/protocol.ts";

/** Whether a command of the proxy's own asks the origin for a part of its reply. */
export function asksOrigin(name: string): boolean {
  return name === "info" || name === "config";
}

/** Whether this subcommand of CLIENT belongs to the client's state at the origin. */
export function isTracking(request: Request): boolean {
  if (request.count < 2) return false;
  const subcommand = request.text(1).toLowerCase();
  return subcommand === "tracking" || subcommand === "caching" || subcommand === "trackinginfo";
}

/**
 * Whether a command shows or changes the effects of a client's earlier requests. CLIENT REPLY does not: it affects
 * later requests, from its place in the pipeline on.
 */
export function tellsOfClients(name: string, request: Request): boolean {
  return name === "client" && !(request.count > 1 && request.text(1).toLowerCase() === "reply");
}

/** Whether this is CLIENT PAUSE or UNPAUSE with a possible number of arguments. */
export function isPause(name: string, request: Request): boolean {
  if (name !== "client" || request.count < 2) return false;
  const subcommand = request.text(1).toLowerCase();
  return subcommand === "pause" ? request.count > 2 : subcommand === "unpause" && request.count === 2;
}
