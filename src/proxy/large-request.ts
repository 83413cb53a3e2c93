import { writeHeader, writeLineEnd } from "../protocol/encoding.ts";
import type { LargeArgument, Request } from "../protocol/protocol.ts";
import { BULK } from "../protocol/reply-types.ts";
import { writeArgumentCount, writeRequestArgument } from "../protocol/request-writer.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { Route } from "./routes.ts";

/**
 * Requests whose large arguments are passed on to the origin in the chunks they came in.
 */

/** Whether a request can be passed on so: a write of one key, whose large arguments are values. */
export function passesOnLarge(request: Request, route: Route | undefined): boolean {
  if (route?.kind !== "write" || route.keys === undefined || route.all === true) return false;
  if (route.onlyWithCount !== undefined) return false;
  const [first, last] = route.keys;
  return first === last && request.large?.every(({ index }) => index > first) === true;
}

/** Writes a request again as it was received. Its large arguments are the connection's from then on. */
export function writeLargeRequest(
  upstream: UpstreamConnection,
  request: Request,
  large: readonly LargeArgument[],
): void {
  const { out } = upstream;
  writeArgumentCount(out, request.count);
  for (let index = 0; index < request.count; index++) {
    const bytes = large.find((argument) => argument.index === index)?.bytes;
    if (bytes === undefined) {
      writeRequestArgument(out, request, index);
    } else {
      writeHeader(out, BULK, bytes.lengthBytes);
      upstream.passOn(bytes);
      writeLineEnd(out);
    }
  }
}
