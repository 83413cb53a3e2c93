import { describe, expect, test } from "bun:test";
import { HASH_SLOTS } from "../../lib/hash-slot.ts";
import type { SeenNode } from "./cluster-view.ts";
import { type AskedView, joinViews } from "./topology.ts";

const LAST = HASH_SLOTS - 1;

function node(id: string, configEpoch: number, ranges: readonly (readonly [number, number])[]): SeenNode {
  return {
    ...{ id, host: id, port: 1, isMyself: false, isPrimary: true, isFailed: false, primaryId: "" },
    ...{ configEpoch, slots: ranges.map(([first, last]) => ({ first, last })) },
  };
}

/** The view of the node with this id. */
function view(id: string, ...seen: readonly SeenNode[]): AskedView {
  const nodes = seen.map((one) => ({ ...one, isMyself: one.id === id }));
  return { view: { myself: nodes[0]!, nodes }, host: `asked ${id}` };
}

/** The owners of the slots, by id; "": none. */
function ownersOf(views: readonly AskedView[], ...slots: readonly number[]): string[] {
  const { owners, primaries } = joinViews(views);
  return slots.map((slot) => primaries[owners[slot]!]?.id ?? "");
}

describe("a claim to a slot", () => {
  test("counts for the node that makes it itself, from the first to the last slot of it", () => {
    const views = [view("a", node("a", 1, [[5, 7]])), view("b", node("b", 2, [[LAST, LAST]]))];
    expect(ownersOf(views, 4, 5, 6, 7, 8, LAST - 1, LAST)).toEqual(["", "a", "a", "a", "", "", "b"]);
    expect(joinViews(views).contested).toEqual([]);
  });

  test.each([
    [1, 2, "", [0]],
    [2, 3, "a", []],
    [2, 4, "", [0]],
    [3, 4, "a", []],
  ])(
    "of another node counts if more than half of the views make it: %d of %d",
    (count, all, id, contested) => {
      const views = Array.from({ length: all }, (_, index) =>
        view(`asked${index}`, ...(index < count ? [node("a", 1, [[0, 0]])] : [])),
      );
      expect(ownersOf(views, 0)).toEqual([id]);
      expect(joinViews(views).contested).toEqual(contested);
    },
  );

  test("with the greatest epoch holds, whichever is told first", () => {
    const [old, promoted] = [node("a", 1, [[0, 0]]), node("b", 2, [[0, 0]])];
    const views = [view("a", old), view("b", promoted), view("c", old)];
    expect(ownersOf(views, 0)).toEqual(["b"]);
    expect(ownersOf(views.toReversed(), 0)).toEqual(["b"]);
  });

  test("is nobody's when a node tells no slots, and such a node is no primary", () => {
    const { owners, primaries, contested } = joinViews([view("a", node("a", 1, []))]);
    expect(new Set(owners)).toEqual(new Set([-1]));
    expect([primaries, contested]).toEqual([[], []]);
  });
});

describe("a primary", () => {
  test("is described by the view with its greatest epoch, of equal ones by the first", () => {
    const [first, second, third] = [1, 2, 2].map((epoch, index) => ({
      ...node("a", epoch, [[0, 0]]),
      port: index,
    })) as [SeenNode, SeenNode, SeenNode];
    const views = [first, second, third].map((one, index) => view(String(index), one));
    expect(joinViews(views).primaries).toEqual([{ id: "a", host: "a", port: 1, configEpoch: 2 }]);
    expect(joinViews(views.toReversed()).primaries).toMatchObject([{ port: 2 }]);
  });

  test("is at the host that was asked, if it has no other", () => {
    const nameless = { ...node("a", 1, [[0, 0]]), host: "" };
    expect(joinViews([view("b", nameless, node("c", 2, [[1, 1]]))]).primaries).toMatchObject([
      { id: "a", host: "asked b" },
      { id: "c", host: "c" },
    ]);
  });
});
