import { assert } from "../lib/assert.ts";
import type { Origin } from "./origin.ts";
import type { OriginNode } from "./origin-node.ts";

/**
 * Returns the node for a request about all keys. With several nodes, each would have to be asked and the replies
 * joined.
 */
export function soleNode({ nodes }: Origin): OriginNode {
  assert(nodes.length === 1, "the replies of several nodes are not joined");
  return nodes[0]!;
}
