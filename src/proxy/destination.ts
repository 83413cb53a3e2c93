import { factsOfRequest } from "../commands/command-facts.ts";
import { type KeyUse, keysOf } from "../commands/facts.ts";
import type { Request } from "../protocol/protocol.ts";
import type { Origin } from "../upstream/origin.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import type { ProxyParts } from "./context.ts";
import type { Route } from "./routes.ts";

/**
 * Returns the node that a request goes to: the node of its first key, or any node if it has no keys. If other keys
 * belong to other nodes, that node refuses the request.
 * @param route undefined: unknown except for the keys
 * @throws UpstreamError
 */
export function nodeFor(proxy: ProxyParts, request: Request, route: Route | undefined): OriginNode {
  const { origin } = proxy;
  if (route === undefined) return nodeOfUses(origin, request, factsOfRequest(request)?.uses);
  if (route.keys !== undefined) return nodeOfArgument(origin, request, route.keys[0]);
  const { kind } = route;
  if (kind === "read" || kind === "write") return origin.anyNode();
  return nodeOfUses(origin, request, proxy.usesOf(route, request));
}

/**
 * As `nodeFor`, by what a request does to keys.
 * @param uses undefined: unknown
 * @throws UpstreamError
 */
export function nodeOfUses(
  origin: Origin,
  request: Request,
  uses: readonly KeyUse[] | undefined,
): OriginNode {
  const use = uses?.[0];
  if (use === undefined || use.isEveryKey) return origin.anyNode();
  const isPlain = use.keyword === undefined && !use.isCounted;
  return nodeOfArgument(origin, request, isPlain ? use.first : (keysOf(use, request)[0] ?? request.count));
}

function nodeOfArgument(origin: Origin, request: Request, index: number): OriginNode {
  // Too few arguments: any node answers with the right error.
  if (index >= request.count) return origin.anyNode();
  return origin.nodeOf(request.bytes, request.starts[index]!, request.ends[index]!);
}
