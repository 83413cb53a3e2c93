import { factsOfRequest } from "../commands/command-facts.ts";
import { type KeyUse, keysOf } from "../commands/facts.ts";
import type { Request } from "../protocol/protocol.ts";
import type { Origin } from "../upstream/origin.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { soleNode } from "../upstream/sole-node.ts";
import type { ProxyParts } from "./context.ts";
import type { Route } from "./routes.ts";

/**
 * The node that a request goes to: that of its first key. Where it has keys of other nodes, this one refuses it. Without
 * keys any node will do.
 * @param route undefined: what the request does is not known, its keys aside
 * @throws UpstreamError
 */
export function nodeFor(proxy: ProxyParts, request: Request, route: Route | undefined): OriginNode {
  const { origin } = proxy;
  if (route === undefined) return nodeOfUses(origin, request, factsOfRequest(request)?.uses);
  if (route.keys !== undefined) return nodeOfArgument(origin, request, route.keys[0]);
  const { kind, all } = route;
  if (kind === "read" || kind === "write") return all === true ? soleNode(origin) : origin.anyNode();
  return nodeOfUses(origin, request, proxy.usesOf(route, request));
}

/**
 * The same, by what a request does to keys.
 * @param uses undefined: not known
 * @throws UpstreamError
 */
export function nodeOfUses(
  origin: Origin,
  request: Request,
  uses: readonly KeyUse[] | undefined,
): OriginNode {
  const use = uses?.[0];
  if (use === undefined) return origin.anyNode();
  if (use.isEveryKey) return soleNode(origin);
  const isPlain = use.keyword === undefined && !use.isCounted;
  return nodeOfArgument(origin, request, isPlain ? use.first : (keysOf(use, request)[0] ?? request.count));
}

function nodeOfArgument(origin: Origin, request: Request, index: number): OriginNode {
  // Any node says what is wrong with a request that has too few arguments.
  if (index >= request.count) return origin.anyNode();
  return origin.nodeOf(request.bytes, request.starts[index]!, request.ends[index]!);
}
