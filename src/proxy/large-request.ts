import { writeHeader, writeLineEnd } from "../protocol/encoding.ts";
import type { LargeArgument, Request } from "../protocol/protocol.ts";
import { BULK } from "../protocol/reply-types.ts";
import { writeArgumentCount, writeRequestArgument } from "../protocol/request-writer.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { Route } from "./routes.ts";

/** Passes requests on to the origin with large arguments in the chunks they arrived in. */

/** Whether a request can be passed on in chunks: a write of one key whose large arguments are values. */
export function passesOnLarge(request: Request, route: Route | undefined): boolean {
  if (route?.kind !== "write" || route.keys === undefined || route.all === true) return false;
  if (route.onlyWithCount !== undefined) return false;
  const [first, last] = route.keys;
  return first === last && request.large?.every(({ index }) => index > first) === true;
}

/** Writes a request as it was received. Its large arguments then belong to the connection. */
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
