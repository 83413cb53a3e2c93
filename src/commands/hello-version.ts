import type { Request } from "../protocol/protocol.ts";

/** The RESP version that a HELLO asks for; undefined for other requests and unknown versions. */
export function helloVersion(request: Request): 2 | 3 | undefined {
  if (request.count < 2 || request.text(0).toLowerCase() !== "hello") return undefined;
  const version = request.text(1);
  return version === "2" ? 2 : version === "3" ? 3 : undefined;
}
