import type { KeyBytes } from "../lib/key-bytes.ts";
import type { OriginAddress } from "./address.ts";
import type { ChannelOptions, LinkStatus } from "./channel.ts";
import type { ConnectionCounts } from "./connection-pool.ts";
import type { Fenced } from "./fenced.ts";
import type { OriginNode } from "./origin-node.ts";
import type { UpstreamError } from "./upstream-error.ts";

/** The most numbers of nodes in `Origin.owners`. A cluster has 1,000 nodes at most. */
export const MOST_NODES = 1024;

/**
 * An origin as the proxy sees it: one node, or several of which each has a part of the keys.
 *
 * The origin says which node a request goes to: the node of a key (`nodeOf`), any node (`anyNode`), or each of
 * `nodes` for a request about all keys. The connections are the node's (`OriginNode`). The answer holds for the
 * moment: a node may hand keys on to another one.
 *
 * Nothing orders the bytes of two nodes. So each node has its own channel, whose events concern only what was fetched
 * over it:
 * - An invalidation is ordered with the replies of its own node alone. Another node's reply about the key may be
 *   older than the change.
 * - When a node is lost, everything fetched from it goes. A silent node no longer vouches for what was fetched from
 *   it.
 * - A node's fence says nothing about changes at another node.
 */
export interface Origin extends Fenced {
  /** The origin's address for messages, without a password. */
  readonly name: string;
  /** The database that clients are in until they select another one. */
  readonly database: number;
  /**
   * All nodes. A request about all keys goes to each of them. Nodes of a cluster come and go. None: the origin does not
   * know yet whom to ask; `lastError` says why.
   */
  readonly nodes: readonly OriginNode[];
  /**
   * The number of the node that owns each hash slot, in memory that threads share. An origin without hash slots has
   * one entry, for all keys.
   */
  readonly owners: Uint16Array;
  /** Whether a node may send a request on to another one. Then its bytes must be kept until it is answered. */
  readonly redirects: boolean;
  /**
   * Changes whenever a request that is outstanding may be executed behind one that is sent from now on, although both
   * are for the same key.
   */
  readonly orderVersion: number;

  /**
   * Returns the node of a key. A request about several keys can go to one node if that is the
   * node of all of them.
   * @throws UpstreamError if no node is known to have the key
   */
  nodeOf(key: KeyBytes): OriginNode;

  /**
   * Whether the node owns the key as far as is known, so that it will tell of changes to what it says about the key now.
   */
  owns(node: Fenced, key: KeyBytes): boolean;

  /** Returns the number that `owners` has for the slots of a node. */
  numberOf(node: OriginNode): number;

  /** Returns the hash slots that a node owns; undefined: it has all keys. */
  hashSlotsOf(node: OriginNode): readonly number[] | undefined;

  /**
   * Returns a node for a request that is about no key and that every node would answer alike.
   * @throws UpstreamError if no node is known
   */
  anyNode(): OriginNode;

  /** The state of the worst node. */
  readonly linkStatus: LinkStatus;
  /**
   * Whether all nodes that have said so send invalidations; undefined: none has said anything. A node that has not
   * said so has not answered a request either.
   */
  readonly tracking: boolean | undefined;
  /**
   * The monotonic time up to which no node has failed to report a change to what was fetched from it: that of the node
   * for which it is earliest.
   */
  readonly provenUntilMs: number;
  /** How long the last heartbeat's answer took, of the slowest node, in milliseconds; undefined: there was none yet. */
  readonly roundTripMs: number | undefined;
  /** The longest time for which a value can be served after its invalidation was lost on a silently dead channel. */
  readonly stalenessBoundMs: number;
  /** Why a node could not be reached last time. */
  readonly lastError: UpstreamError;
  /** Connections to all nodes. */
  readonly connectionCounts: ConnectionCounts;

  close(): void;
}

/** Whether the origin is a cluster, of whose hash slots each node owns some. */
export function usesHashSlots({ owners }: Pick<Origin, "owners">): boolean {
  return owners.length > 1;
}

/**
 * Returns the options of the connections to the node at `address`. They are read at each use, because settings may
 * change; so they must not be copied.
 */
export type NodeOptions = (address: OriginAddress) => ChannelOptions;

/** A kind of origin, as users name it. */
export interface OriginKind {
  /** URL schemes of its addresses, in lower case; the usual one first. */
  readonly schemes: readonly string[];
  /** The form of its addresses, for help. */
  readonly form: string;
  /** Reads an address. @throws RangeError saying what is wrong; it never repeats the password */
  read(text: string): NamedOrigin;
}

/** An origin that an address names. Nothing is connected yet. */
export interface NamedOrigin {
  /** The address for messages, without a password. */
  readonly name: string;
  readonly hasPassword: boolean;
  /** Whether it names a user without a password. */
  readonly lacksPassword: boolean;
  /** Whether it is reached by TLS. */
  readonly isSecure: boolean;
  /**
   * Creates what the origins of a proxy's threads share, so that none goes on asking a node that another thread knows
   * to be replaced; undefined: nothing.
   */
  createMemory?(): SharedArrayBuffer;
  /** @param memory as `createMemory` made it, the same for all threads */
  open(options: NodeOptions, events: OriginEvents, memory?: SharedArrayBuffer): Origin;
}

/** The events of all nodes' channels. */
export interface OriginEvents {
  /** The node has changed the key bytes[start, end). */
  invalidated(node: OriginNode, bytes: Uint8Array, start: number, end: number): void;
  /** Everything fetched from the node may have changed. */
  allInvalidated(node: OriginNode): void;
  /** The channel's `provenUntilMs` has changed. */
  proven(node: OriginNode): void;
  /** The channel broke: nothing fetched from the node can be trusted. */
  lost(node: OriginNode, error: UpstreamError): void;
  /** The node is not used any more, and its connections were closed. */
  retired(node: OriginNode): void;
  /**
   * The handshake is complete. `tracking`: whether the node sends invalidations. Told for each connection, and again
   * if the node begins to send them.
   */
  ready(node: OriginNode, tracking: boolean): void;
  /**
   * The node at the origin's address is one of a cluster, which is the origin from now on. Nothing fetched before can be
   * trusted.
   */
  clustered(node: OriginNode): void;
  /** These hash slots have another owner now. Nothing fetched of them before can be trusted. */
  moved(slots: readonly number[]): void;
  /** The channel has been silent for `silentMs`. Requests wait, and the node's entries are not served. */
  silent(node: OriginNode, silentMs: number): void;
  /** The channel is no longer silent. */
  answers(node: OriginNode): void;
  /** Nobody tells which node is to be asked, or that the present one still is. Told once for each reason. */
  unresolved?(error: UpstreamError): void;
}
