import { describe, expect, test } from "bun:test";
import { initialState, pressed, sortOf, type TopState, wantedBy } from "./top-state.ts";

const EXTENT = { rows: 30, visible: 10 };

function after(keys: readonly string[], from: TopState = initialState("counters", 1000)): TopState {
  return keys.reduce((state, key) => pressed(state, key, EXTENT).state, from);
}

describe("keys", () => {
  test.each([
    [["2"], "what-if"],
    [["\t"], "biography"],
    [["\t", "\t"], "overview"],
    [["\x1b[Z"], "families"],
    [["\x1b[D"], "families"],
    [["\x1bOC"], "biography"],
    [["9"], "counters"],
    [["6"], "biography"],
  ])("%p: the screen is %s", (keys, screen) => {
    expect(after(keys).screen).toBe(screen as TopState["screen"]);
  });

  test.each([
    [["j", "j", "k"], 1],
    [["\x1b[B", "\x1bOB"], 2],
    [["k"], 0],
    [["\x1b[6~"], 9],
    [["\x1b[6~", "\x1b[5~"], 0],
    [["G"], 29],
    [["G", "j"], 29],
    [["G", "g"], 0],
  ])("%p: the cursor is in row %d", (keys, row) => {
    expect(after(keys).cursors.counters).toBe(row);
  });

  test("each screen has a cursor of its own", () => {
    const state = after(["j", "3", "j", "j"]);
    expect([state.cursors.counters, state.cursors.hot]).toEqual([1, 2]);
  });

  test("a cursor behind a list that has become shorter comes back first", () => {
    const state = { ...initialState("hot", 1), cursors: { ...initialState("hot", 1).cursors, hot: 100 } };
    expect(after(["k"], state).cursors.hot).toBe(28);
  });

  test("pace, within its limits", () => {
    expect(after(["+"]).intervalMs).toBe(2000);
    expect(after(["-", "-"]).intervalMs).toBe(200);
    expect(after(Array(20).fill("+")).intervalMs).toBe(60_000);
    expect(after(Array(20).fill("-")).intervalMs).toBe(100);
    expect(after(["+"], initialState("hot", 1500)).intervalMs).toBe(2000);
  });

  test("order", () => {
    expect([[], ["s"], ["s", "s"], ["s", "s", "s"]].map((keys) => sortOf(after(keys)))).toEqual([
      "name",
      "rate",
      "value",
      "name",
    ]);
    expect(after(["1", "s"])).toEqual(after(["1"]));
  });

  test("hot keys by something else are read", () => {
    expect(pressed(initialState("hot", 1), "b", EXTENT)).toMatchObject({
      state: { hotBy: "bytes" },
      effect: "read",
    });
    expect(after(["b"]).hotBy).toBe("rate");
    expect(after(["3", "b", "b", "b", "b", "b"]).hotBy).toBe("rate");
  });

  test("pause, and going on", () => {
    const paused = pressed(initialState("hot", 1), " ", EXTENT);
    expect([paused.state.isPaused, paused.effect]).toEqual([true, undefined]);
    expect(pressed(paused.state, " ", EXTENT)).toMatchObject({ state: { isPaused: false }, effect: "read" });
  });

  test.each(["q", "Q", "\x03", "\x04"])("%p ends", (key) => {
    expect(pressed(initialState("hot", 1), key, EXTENT).effect).toBe("end");
  });

  test("any key leaves the help; Ctrl-C ends even then", () => {
    expect(after(["?"]).isHelp).toBe(true);
    expect(after(["?", "q"])).toMatchObject({ isHelp: false });
    expect(pressed(after(["?"]), "\x03", EXTENT).effect).toBe("end");
  });
});

describe("the filter", () => {
  test("takes keys that mean something else otherwise", () => {
    expect(after(["/", "q", "s", "é", "\x1b[A", "\x7f"])).toMatchObject({ filter: "qs", isFiltering: true });
    expect(after(["/", "q", "\r", "s"])).toMatchObject({
      filter: "q",
      isFiltering: false,
      sorts: { counters: 1 },
    });
  });
  test("is dropped by Esc, typed or not", () => {
    expect(after(["/", "q", "\x1b"])).toMatchObject({ filter: "", isFiltering: false });
    expect(after(["/", "q", "\r", "\x1b"]).filter).toBe("");
    expect(after(["/", "q", "\x15"])).toMatchObject({ filter: "", isFiltering: true });
  });
  test("begins at the first row", () => {
    expect(after(["G", "/", "a"]).cursors.counters).toBe(0);
  });
  test("belongs to the counters", () => {
    expect(after(["1", "/"]).isFiltering).toBe(false);
  });
});

describe("a key whose story is shown", () => {
  test("is typed, with keys that mean something else otherwise", () => {
    const typed = after(["1", "b", "q", "7", ":", "é", "x", "\x7f"]);
    expect(typed).toMatchObject({ typedKey: "q7:é", screen: "overview", key: "" });
    const { state, effect } = pressed(typed, "\r", EXTENT);
    expect(state).toMatchObject({ screen: "biography", key: "q7:é", typedKey: undefined });
    expect(effect).toBe("read");
    expect(wantedBy(state).biography).toBe("q7:é");
    expect(after(["/", "a", "\x15", "b", "\r"], state).key).toBe("b");
  });
  test("begins at its newest event", () => {
    expect(after(["6", "G", "/", "a", "\r"]).cursors.biography).toBe(0);
  });
  test("stays as it was after Esc, and without a name", () => {
    const before = after(["6", "/", "a", "\r"]);
    expect(after(["/", "b", "\x1b"], before)).toEqual(before);
    expect(after(["/", "\r"], before)).toEqual(before);
    expect(pressed(after(["/"], before), "\x03", EXTENT).effect).toBe("end");
  });
  test("has at most 1,000 characters", () => {
    expect(after(["3", "/", ...Array<string>(1200).fill("x")]).typedKey!.length).toBe(1000);
  });
});

test("only what the screen shows is asked for", () => {
  expect(wantedBy(initialState("overview", 1))).toEqual({ whatIf: false, hot: [], families: false });
  expect(wantedBy(after(["3", "b"]))).toEqual({ whatIf: false, hot: ["bytes"], families: false });
  expect(wantedBy(initialState("what-if", 1)).whatIf).toBe(true);
  expect(wantedBy(initialState("families", 1)).families).toBe(true);
});
