import { HASH_SLOTS } from "../../lib/hash-slot.ts";
import type { ClusterView, SeenNode } from "./cluster-view.ts";

/** A primary, and where clients reach it. */
export interface Primary {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly configEpoch: number;
}

/** Who owns which hash slot. */
export interface Topology {
  /** The owner of each slot, as an index into `primaries`; -1: nobody, or nobody knows. */
  readonly owners: Int16Array;
  readonly primaries: readonly Primary[];
  /** The slots about which the views contradict each other, and no view can be believed. */
  readonly contested: readonly number[];
}

/** A view, and the host that was asked for it. */
export interface AskedView {
  readonly view: ClusterView;
  readonly host: string;
}

/**
 * Joins what several nodes say about their cluster. A node in a minority goes on telling an old topology, so a claim
 * to a slot counts only if the claiming node makes it itself, or if more than half of the views make it. Of these the
 * one with the greatest configuration epoch holds, as among the nodes.
 *
 * A node that was just promoted is the first to know. Its own claim has the greatest epoch, so it holds before any
 * other node has heard of it.
 */
export function joinViews(views: readonly AskedView[]): Topology {
  const primaries = primariesOf(views);
  const indexes = new Map(primaries.map(({ id }, index) => [id, index]));
  const claims = primaries.map(() => new Uint16Array(HASH_SLOTS));
  const ownClaims = primaries.map(() => new Uint8Array(HASH_SLOTS));
  for (const { view } of views) {
    for (const node of view.nodes) {
      const index = indexes.get(node.id);
      if (index === undefined) continue;
      for (const { first, last } of node.slots) {
        for (let slot = first; slot <= last; slot++) claims[index]![slot]!++;
        if (node.isMyself) ownClaims[index]!.fill(1, first, last + 1);
      }
    }
  }
  const owners = new Int16Array(HASH_SLOTS).fill(-1);
  const contested: number[] = [];
  const byEpoch = primaries
    .map((_, index) => index)
    .sort((a, b) => primaries[b]!.configEpoch - primaries[a]!.configEpoch);
  for (let slot = 0; slot < HASH_SLOTS; slot++) {
    const believed = byEpoch.find(
      (index) => ownClaims[index]![slot] === 1 || claims[index]![slot]! * 2 > views.length,
    );
    if (believed !== undefined) owners[slot] = believed;
    else if (claims.some((counts) => counts[slot]! > 0)) contested.push(slot);
  }
  return { owners, primaries, contested };
}

/** All nodes that anybody takes for the owner of a slot, as the view with their greatest epoch describes them. */
function primariesOf(views: readonly AskedView[]): Primary[] {
  const found = new Map<string, Primary>();
  for (const { view, host } of views) {
    for (const node of view.nodes) {
      if (node.slots.length === 0) continue;
      const before = found.get(node.id);
      if (before !== undefined && before.configEpoch >= node.configEpoch) continue;
      found.set(node.id, primaryOf(node, host));
    }
  }
  return [...found.values()];
}

/** @param asked the host of the node that was asked, which an empty host stands for */
function primaryOf({ id, host, port, configEpoch }: SeenNode, asked: string): Primary {
  return { id, host: host === "" ? asked : host, port, configEpoch };
}
