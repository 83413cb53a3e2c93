import { expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { factsOfRequest } from "../commands/command-facts.ts";
import { NameTable } from "../commands/command-table.ts";
import { latin1 } from "../lib/bytes.ts";
import type { KeyBytes } from "../lib/key-bytes.ts";
import type { Request } from "../protocol/protocol.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import type { ProxyParts } from "./context.ts";
import { nodeFor, nodeOfUses } from "./destination.ts";
import { ROUTES, type Route } from "./routes.ts";

const routes = new NameTable(ROUTES);
const usesOf = (route: Route, request: Request) =>
  route.reachesFar === true ? undefined : factsOfRequest(request)?.uses;

const named = (name: string): OriginNode => ({ name }) as OriginNode;

/** Returns a proxy whose origin has a node for each key. */
function proxyWith(nodes: readonly OriginNode[]): ProxyParts {
  const origin = {
    nodes,
    nodeOf: ({ bytes, start, end }: KeyBytes) => named(`of ${latin1(bytes, start, end)}`),
    anyNode: () => named("any"),
  };
  return { origin, usesOf } as unknown as ProxyParts;
}

const ONE = proxyWith([named("the only one")]);

test.each([
  ["GET k", "of k"],
  ["SET k v", "of k"],
  ["DEL k l", "of k"],
  ["LPOP k 2", "of k"],
  ["HGETALL k", "of k"],
  ["BLPOP k l 0", "of k"],
  ["XREAD COUNT 2 STREAMS k l 0 0", "of k"],
  ["EVAL return 2 k l v", "of k"],
  ["BITOP AND k l m", "of k"],
  ["ZUNION 2 k l", "of k"],
  // No key where one should be.
  ["GET", "any"],
  ["HGETALL", "any"],
  ["EVAL return 0", "any"],
  // About no key.
  ["PUBLISH channel message", "any"],
  ["TIME", "any"],
  ["INFO", "any"],
  ["MULTI", "any"],
  ["NOBODY.KNOWS k", "any"],
  // About all keys, of an origin without hash slots.
  ["DBSIZE", "any"],
  ["FLUSHALL", "any"],
])("%s goes to the node %s", (words, node) => {
  const request = requestOf(...words.split(" "));
  expect(nodeFor(ONE, request, routes.find(request)).name).toBe(node);
});

test("a request with unknown uses goes to any node", () => {
  expect(nodeOfUses(ONE.origin, requestOf("COPY", "k", "l"), undefined).name).toBe("any");
});
