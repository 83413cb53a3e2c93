import { describe, expect, test } from "bun:test";
import { withParts } from "../../lesson/address.ts";
import { ChoiceRun, explore } from "../../model/choice-run.ts";
import { lanesOf } from "./lanes.ts";
import { moveOrder, raceParts, readRaceHash } from "./order-text.ts";
import { NEW, OLD, type RaceRules, RULES, race } from "./run.ts";

/** Ana's answer is on its way when Ben writes; Cleo asks after his write was acknowledged. */
const STORY = ["Ana", "proxy up", "Ben", "proxy down", "proxy up", "proxy down", "Cleo"];

function lanes(rules: RaceRules, choices: readonly string[]) {
  const { scene, at } = new ChoiceRun(() => race(rules), choices);
  return lanesOf(scene.world.happenings, scene.prologue, at);
}

describe("the drawing of a race", () => {
  test("begins with the old price at the origin, and nothing else", () => {
    expect(lanes(RULES, [])).toEqual({
      rows: 1,
      arrows: [],
      bands: [{ place: "origin", text: OLD, fromRow: 0, toRow: undefined, oldFromRow: undefined }],
      fills: [],
      leases: [{ row: 0, lease: 0 }],
    });
  });

  test("has a row for each step, and what went to and fro", () => {
    const { rows, arrows, bands, fills, leases } = lanes(RULES, STORY);
    expect(rows).toBe(STORY.length + 1);
    expect(
      arrows.map(({ from, to, text, fromRow, toRow }) => `${from} → ${to}: ${text}, ${fromRow} to ${toRow}`),
    ).toEqual([
      "proxy → origin: tea?, 1 to 2",
      "origin → proxy: tea = 3, 2 to 4",
      "proxy → origin: tea = 4, 3 to 5",
      "origin → proxy: OK, 5 to 6",
      "origin → proxy: tea changed, 5 to undefined",
      "proxy → origin: tea?, 7 to undefined",
      "Ana → proxy: tea?, 1 to 1",
      "Ben → proxy: tea = 4, 3 to 3",
      "proxy → Ana: 3, 4 to 4",
      "proxy → Ben: OK, 6 to 6",
      "Cleo → proxy: tea?, 7 to 7",
    ]);
    expect(arrows.filter(({ toRow }) => toRow === undefined).map(({ ahead, slot }) => [ahead, slot])).toEqual(
      [
        [0, 0],
        [0, 1],
      ],
    );
    // Asked with lease 0, and 1 when the answer came: it was not kept.
    expect(fills).toEqual([
      { lease: 0, fromRow: 1, toRow: 4, isKept: false },
      { lease: 1, fromRow: 7, toRow: undefined, isKept: undefined },
    ]);
    expect(leases).toEqual([
      { row: 0, lease: 0 },
      { row: 3, lease: 1 },
    ]);
    expect(bands.map(({ place, text, fromRow, toRow }) => [place, text, fromRow, toRow])).toEqual([
      ["origin", OLD, 0, 5],
      ["origin", NEW, 5, undefined],
    ]);
  });

  test("shows an entry that has become old, and the answer that breaks the promise", () => {
    const { arrows, bands } = lanes({ ...RULES, heedsLeases: false }, STORY);
    expect(bands.find(({ place }) => place === "proxy")).toEqual({
      place: "proxy",
      text: OLD,
      fromRow: 4,
      toRow: undefined,
      oldFromRow: 5,
    });
    expect(arrows.filter(({ kind }) => kind === "wrong").map(({ to, text }) => [to, text])).toEqual([
      ["Cleo", "3 !"],
    ]);
  });

  test("can be made of every order", () => {
    for (const rules of [RULES, { ...RULES, heedsLeases: false, hasPushWire: true }]) {
      explore(
        () => race(rules),
        ({ choices, scene: { world, prologue } }) => {
          const drawn = lanesOf(world.happenings, prologue, choices.length);
          for (const { fromRow, toRow } of [...drawn.arrows, ...drawn.fills]) {
            expect(toRow).toBeGreaterThanOrEqual(fromRow);
            expect(toRow).toBeLessThan(drawn.rows);
          }
          const ofProxy = drawn.bands.filter(({ place }) => place === "proxy");
          // One entry at a time.
          for (const [i, { toRow }] of ofProxy.slice(0, -1).entries()) {
            expect(toRow).toBeLessThanOrEqual(ofProxy[i + 1]!.fromRow);
          }
        },
      );
    }
  });
});

describe("rules and order in the address", () => {
  test("come back as they were", () => {
    for (const rules of [
      RULES,
      { ...RULES, heedsLeases: false },
      { ...RULES, writes: "past" as const, hasPushWire: true, heedsPushes: false },
    ]) {
      expect(readRaceHash(withParts("#guess=3", raceParts(rules, STORY)))).toEqual({ rules, choices: STORY });
    }
    expect(raceParts({ ...RULES, heedsLeases: false }, STORY)).toEqual({
      race: "noleases",
      order: "AoBpopC",
    });
  });

  test("are the lesson's own where the address has none, or is wrong", () => {
    for (const hash of ["", "#guess=3", "#race=&order=", "#race=nonsense&order=xyz"]) {
      expect(readRaceHash(hash)).toEqual({ rules: RULES, choices: [] });
    }
  });

  test("moves are offered in one order", () => {
    const offered = ["proxy down", "Cleo", "proxy up", "Ana"].toSorted((a, b) => moveOrder(a) - moveOrder(b));
    expect(offered).toEqual(["Ana", "Cleo", "proxy up", "proxy down"]);
  });
});
