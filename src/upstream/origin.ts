import type { LinkStatus } from "./channel.ts";
import type { ConnectionCounts } from "./connection-pool.ts";
import type { OriginNode } from "./origin-node.ts";
import type { UpstreamError } from "./upstream-error.ts";

/**
 * An origin as the proxy sees it: one node, or several that have a part of the keys each.
 *
 * An origin only says which node a request goes to, by what the request is about: a key (`nodeOf`), nothing (`anyNode`),
 * or all keys (each of `nodes`). The connections are the node's (`OriginNode`). The answer holds for the moment: a node may
 * hand keys on to another one.
 *
 * Nothing orders what two nodes send. So each node has a channel of its own, and what is told of it concerns what was
 * fetched over it alone:
 * - An invalidation is in order with the replies of its own node alone. What another node was asked about the key may be
 *   older than the change.
 * - A node that is lost takes along what was fetched from it. One that is silent vouches no longer for that.
 * - A fence of a node says nothing about changes at another one.
 */
export interface Origin {
  /** Where it is, for messages: without a password. */
  readonly name: string;
  /** The database that clients are in until they select another one. */
  readonly database: number;
  /** All nodes: what is about all keys goes to each of them. */
  readonly nodes: readonly OriginNode[];

  /**
   * The node that has the key bytes[start, end). Requests about several keys can go to one node where it is the same for
   * all.
   * @throws UpstreamError where no node is known to have it
   */
  nodeOf(bytes: Uint8Array, start: number, end: number): OriginNode;

  /** The node for a request that is about no key, and that every node would answer alike. */
  anyNode(): OriginNode;

  /** Runs `then` once every invalidation that any node has caused so far has been received. In the order of the calls. */
  fence(then: () => void): void;

  /** How it stands with the node that is worst off. */
  readonly linkStatus: LinkStatus;
  /** Whether all nodes send invalidations; undefined until that is known. */
  readonly tracking: boolean | undefined;
  /** Monotonic time up to which no node has failed to tell of a change to what was fetched from it. */
  readonly provenUntilMs: number;
  /** Longest time a value can be served after an invalidation of it was lost on a silently dead channel. */
  readonly stalenessBoundMs: number;
  /** Why a node could not be reached last. */
  readonly lastError: UpstreamError;
  /** Connections to all nodes. */
  readonly connectionCounts: ConnectionCounts;

  close(): void;
}

/** What is told of each node's channel. */
export interface OriginEvents {
  /** The node says that bytes[start, end) changed. */
  invalidated(node: OriginNode, bytes: Uint8Array, start: number, end: number): void;
  /** Anything that was fetched from the node may have changed. */
  allInvalidated(node: OriginNode): void;
  /** The channel's `provenUntilMs` is another one. */
  proven(node: OriginNode): void;
  /** The channel broke: nothing fetched from the node can be trusted any longer. */
  lost(node: OriginNode, error: UpstreamError): void;
  /** `tracking` tells whether the node sends invalidations; told at each connection, and again when it begins to. */
  ready(node: OriginNode, tracking: boolean): void;
  /** The channel has been silent for so long. What was asked waits; nothing of the node is served from the cache. */
  silent(node: OriginNode, silentMs: number): void;
  /** It is not silent any longer. */
  answers(node: OriginNode): void;
}
