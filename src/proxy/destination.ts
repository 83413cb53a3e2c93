import { factsOfRequest } from "../commands/command-facts.ts";
import { type KeyUse, keysOf } from "../commands/facts.ts";
import { KeyBytes } from "../lib/key-bytes.ts";
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
  return nodeOfKeys(proxy, request, route) ?? proxy.origin.anyNode();
}

/** As `nodeFor`. @returns undefined if the request has no keys */
export function nodeOfKeys(
  proxy: ProxyParts,
  request: Request,
  route: Route | undefined,
): OriginNode | undefined {
  const { origin } = proxy;
  if (route === undefined) return nodeOfFirst(origin, request, factsOfRequest(request)?.uses);
  const { name, kind, keys } = route;
  if (keys !== undefined) return nodeOfArgument(origin, request, keys[0]);
  if (SHARDED.has(name)) return nodeOfArgument(origin, request, 1);
  if (kind === "read" || kind === "write") return undefined;
  return nodeOfFirst(origin, request, proxy.usesOf(route, request));
}

/** Commands about channels that have hash slots as keys have. */
const SHARDED = new Set(["spublish", "ssubscribe", "sunsubscribe"]);

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
  return nodeOfFirst(origin, request, uses) ?? origin.anyNode();
}

function nodeOfFirst(
  origin: Origin,
  request: Request,
  uses: readonly KeyUse[] | undefined,
): OriginNode | undefined {
  const use = uses?.[0];
  if (use === undefined || use.isEveryKey) return undefined;
  const isPlain = use.keyword === undefined && !use.isCounted;
  return nodeOfArgument(origin, request, isPlain ? use.first : (keysOf(use, request)[0] ?? request.count));
}

function nodeOfArgument(origin: Origin, request: Request, index: number): OriginNode | undefined {
  // Too few arguments: any node answers with the right error.
  if (index >= request.count) return undefined;
  return origin.nodeOf(argumentAt(request, index));
}

const ARGUMENT = new KeyBytes();

/** Refers to an argument that is a key, until the next call. */
export function argumentAt({ bytes, starts, ends }: Request, index: number): KeyBytes {
  return ARGUMENT.at(bytes, starts[index]!, ends[index]!);
}
