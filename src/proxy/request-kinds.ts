import type { Request } from "../protocol/protocol.ts";

/** Whether a command of the proxy's own asks the origin for its part. */
export function asksOrigin(name: string): boolean {
  return name === "info" || name === "config";
}

/** The version that a HELLO asks for; undefined for other requests, and for versions there are not. */
export function helloVersion(request: Request): 2 | 3 | undefined {
  if (request.count < 2 || request.text(0).toLowerCase() !== "hello") return undefined;
  const version = request.text(1);
  return version === "2" ? 2 : version === "3" ? 3 : undefined;
}

/** Subcommands of CLIENT that are part of a client's state at the origin. */
export function isTracking(request: Request): boolean {
  if (request.count < 2) return false;
  const subcommand = request.text(1).toLowerCase();
  return subcommand === "tracking" || subcommand === "caching" || subcommand === "trackinginfo";
}
