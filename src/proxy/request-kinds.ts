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
