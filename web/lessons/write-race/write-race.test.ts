import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { ChoiceRun, explore } from "../../model/choice-run.ts";
import { happeningText, moveText, textsOf } from "../../model/sentences.ts";
import {
  isStuck,
  KEY,
  NEW,
  OLD,
  type RaceRules,
  RULES,
  race,
  raceAfter,
  raceOutcomes,
  SIMPLE,
  STORY as SIMPLE_STORY,
} from "./run.ts";
import { stepsOf } from "./steps.ts";
import { ANSWERS, ordersSay, outcomeSays, ruleRows, verdict } from "./words.ts";

const WITHOUT_LEASES: RaceRules = { ...RULES, heedsLeases: false };
const PAST: RaceRules = { ...RULES, writes: "past" };

/** The race as the lesson tells it: Ana's answer is on its way when Ben writes. */
const STORY = ["Ana", "proxy up", "Ben", "proxy down", "proxy up", "proxy down", "Cleo"];

describe("in every order", () => {
  test("with all rules nobody reads an old price too late", () => {
    const outcomes = raceOutcomes(RULES);
    expect(outcomes).toMatchObject({ orders: 196, broken: 0, stuck: 0, refused: 130 });
    expect(ordersSay(outcomes, RULES)).toContain("196 orders");
    expect(ordersSay(outcomes, RULES)).toContain("In 130 of them the lease was needed");
  });

  test("without leases somebody does", () => {
    const outcomes = raceOutcomes(WITHOUT_LEASES);
    expect(outcomes.broken).toBeGreaterThan(0);
    expect(ordersSay(outcomes, WITHOUT_LEASES)).toContain(`In ${outcomes.broken} of them somebody reads`);
    const run = new ChoiceRun(() => race(WITHOUT_LEASES), outcomes.breaks);
    expect(outcomeSays(run.scene)).toContain("the stale read that must not be");
  });

  test("a write past the proxy leaves nothing old while its message is heeded and in order", () => {
    expect(raceOutcomes(PAST)).toMatchObject({ broken: 0, stuck: 0 });
    for (const fault of [{ heedsPushes: false }, { hasPushWire: true }]) {
      const rules = { ...PAST, ...fault };
      const outcomes = raceOutcomes(rules);
      expect(outcomes.stuck).toBeGreaterThan(0);
      expect(ordersSay(outcomes, rules)).toContain("keeps the old price for ever");
      const run = new ChoiceRun(() => race(rules), outcomes.sticks);
      expect(outcomeSays(run.scene)).toContain("Nobody will tell it");
    }
    expect(ordersSay(raceOutcomes(PAST), PAST)).toContain("over one connection");
  });
});

describe("the story", () => {
  test("without leases Cleo reads the old price after the new one was acknowledged", () => {
    const run = new ChoiceRun(() => race(WITHOUT_LEASES), STORY);
    expect(outcomeSays(run.scene)).toStartWith(
      `Cleo read ${OLD}, although ${KEY} = ${NEW} had been acknowledged`,
    );
  });

  test("with them her read is a miss, and brings the new one", () => {
    const run = new ChoiceRun(() => race(RULES), STORY);
    expect(outcomeSays(run.scene)).toBe("Go on: more can happen.");
    while (run.moves.length > 0) run.choose(run.moves[0]!.lane);
    expect(outcomeSays(run.scene)).toStartWith(`Ana read ${OLD}. That is allowed`);
  });

  test("is told step by step", () => {
    const run = new ChoiceRun(() => race(RULES));
    const told: string[] = [];
    for (const lane of STORY) {
      const { world } = run.scene;
      const move = run.moves.find((one) => one.lane === lane)!;
      told.push(`${moveText(move.about, textsOf(world.happenings))}:`);
      const before = world.happenings.length;
      run.choose(lane);
      const textOf = textsOf(world.happenings);
      told.push(...world.happenings.slice(before).flatMap((one) => happeningText(one, textOf) || []));
    }
    expect(told).toMatchInlineSnapshot(`
      [
        "Ana asks for tea:",
        "Ana asks the proxy for tea.",
        "It is not cached. The proxy asks the origin, and notes the key’s lease: 0.",
        "The question for tea reaches the origin:",
        "Ben writes tea = 4:",
        "Ben writes tea = 4 at the proxy.",
        "Before the write is sent, the proxy changes the key’s lease to 1; it has no entry to drop.",
        "The answer tea = 3 reaches the proxy:",
        "The proxy passes tea = 3 on, and does not keep it: since it asked, the key’s lease has changed, so this may be old.",
        "Ana reads 3, from the origin.",
        "The write tea = 4 reaches the origin:",
        "At the origin tea is 4 from now on.",
        "The origin tells the proxy that tea has changed. The message follows what it has sent before.",
        "The OK for tea = 4 reaches the proxy:",
        "Ben’s write is acknowledged.",
        "Cleo asks for tea:",
        "Cleo asks the proxy for tea.",
        "It is not cached. The proxy asks the origin, and notes the key’s lease: 1.",
      ]
    `);
  });
});

describe("the reader's run", () => {
  /** Everything that a page shows of it. */
  const shown = ({ scene: { world }, moves }: ReturnType<typeof opened>): unknown => [
    world.happenings,
    moves,
  ];
  const opened = (choices: readonly string[] = []) => new ChoiceRun(() => race(RULES), choices);

  test("is the same after steps back as after steps forward alone", () => {
    fc.assert(
      fc.property(
        fc.array(fc.nat({ max: 12 }), { maxLength: 8 }),
        fc.infiniteStream(fc.nat()),
        (seeks, draws) => {
          const run = opened();
          for (const draw of draws) {
            const { moves } = run;
            if (moves.length === 0) break;
            run.choose(moves[draw % moves.length]!.lane);
          }
          const { choices } = run;
          for (const to of seeks) {
            run.seek(to);
            expect(run.at).toBe(Math.min(to, choices.length));
            expect(shown(run)).toEqual(shown(opened(choices.slice(0, to))));
          }
          expect(run.choices).toEqual(choices);
        },
      ),
      { numRuns: 200 },
    );
  });

  test("goes another way from where the reader has gone back to", () => {
    const run = opened(STORY);
    run.seek(2);
    run.choose("proxy down");
    expect(run.choices).toEqual(["Ana", "proxy up", "proxy down"]);
    run.seek(1);
    run.choose("proxy up");
    expect(run.choices).toEqual(["Ana", "proxy up", "proxy down"]);
  });

  test("refuses what cannot happen", () => {
    const run = opened();
    expect(() => run.choose("proxy up")).toThrow(
      'nothing can happen next in "proxy up", only in: Ana, Ben, Cleo',
    );
    expect(run.choices).toEqual([]);
    expect(() =>
      explore(
        () => race(RULES),
        () => {},
        10,
      ),
    ).toThrow("more than 10 orders are possible");
  });
});

describe("the simple proxy", () => {
  test("keeps the old price for good in the order that is told", () => {
    const scene = raceAfter(SIMPLE, SIMPLE_STORY);
    expect(isStuck(scene)).toBe(true);
    expect(scene.world.moves()).toEqual([]);
    const told = stepsOf(scene, SIMPLE_STORY.length, false).map((step) => step.told.join(" "));
    expect(told[1]).toBe("The origin gets the question, and answers.");
    expect(told[2]).toEndWith("Before the write is sent, the proxy looks for an entry to drop; it has none.");
    expect(told[6]).toBe("The message that the price has changed reaches the proxy, which does not heed it.");
    expect(told.at(-1)).toBe("Cleo asks the proxy for tea. Cleo reads 3, from the cache.");
    expect(told.join(" ")).not.toContain("lease");
  });

  test("does so in as many orders as the guess is compared with", () => {
    const outcomes = raceOutcomes(SIMPLE);
    expect(outcomes).toMatchObject({ orders: 164, stuck: 40, broken: 16 });
    expect(verdict(40, outcomes)).toBe("You said 40, it was 40. Exactly.");
    expect(verdict(42, outcomes)).toEndWith("Nearly.");
    expect(verdict(0, outcomes)).toContain("It takes no bad luck");
    expect(verdict(164, outcomes)).toContain("the answer came before Ben wrote");
  });

  test("a row for each rule, of which only those with all rules that matter leave nothing old", () => {
    expect(ruleRows().filter(([, , broken, stuck]) => broken === "0" && stuck === "0")).toEqual([
      ["all rules", "196", "0", "0"],
      ["messages are not heeded", "196", "0", "0"],
      ["Ben writes past the proxy", "34", "0", "0"],
    ]);
  });
});

test("each wrong answer has its hint", () => {
  expect(ANSWERS.filter(({ hint }) => hint === undefined).length).toBe(1);
});
