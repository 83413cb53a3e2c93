import type { Request } from "../protocol/protocol.ts";

/** Whether a command of the proxy's own asks the origin for its part. */
export function asksOrigin(name: string): boolean {
  return name === "info" || name === "config";
}

/** Subcommands of CLIENT that are part of a client's state at the origin. */
export function isTracking(request: Request): boolean {
  if (request.count < 2) return false;
  const subcommand = request.text(1).toLowerCase();
  return subcommand === "tracking" || subcommand === "caching" || subcommand === "trackinginfo";
}

/**
 * Whether a command shows or changes what a client's earlier requests bring about. CLIENT REPLY does not: it counts for
 * what is asked behind it, from its place in the pipeline on.
 */
export function tellsOfClients(name: string, request: Request): boolean {
  return name === "client" && !(request.count > 1 && request.text(1).toLowerCase() === "reply");
}

/** CLIENT PAUSE and UNPAUSE, as far as the number of arguments fits. */
export function isPause(name: string, request: Request): boolean {
  if (name !== "client" || request.count < 2) return false;
  const subcommand = request.text(1).toLowerCase();
  return subcommand === "pause" ? request.count > 2 : subcommand === "unpause" && request.count === 2;
}
