import type { ChannelOptions } from "./channel.ts";
import type { OriginEvents } from "./origin.ts";
import { OriginNode } from "./origin-node.ts";

/** Opens the connections to a node. Events of its channel are passed on with the node. */
export function openNode(options: ChannelOptions, events: OriginEvents): OriginNode {
  const node: OriginNode = new OriginNode(options, {
    invalidated: (bytes, start, end) => events.invalidated(node, bytes, start, end),
    allInvalidated: () => events.allInvalidated(node),
    proven: () => events.proven(node),
    lost: (error) => events.lost(node, error),
    ready: (tracking) => events.ready(node, tracking),
    silent: (silentMs) => events.silent(node, silentMs),
    answers: () => events.answers(node),
  });
  return node;
}
