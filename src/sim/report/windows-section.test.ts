import { describe, expect, test } from "bun:test";
import { policyNames } from "../../policy/registry.ts";
import type { ResultRow } from "../runner.ts";
import { renderHtml } from "./html.ts";
import { elementsOf, row } from "./report-fixture.ts";
import { renderWindows } from "./windows-section.ts";

const WINDOW = 1000;

function withWindows(policy: string, ratios: readonly number[], rest: Partial<ResultRow> = {}): ResultRow {
  const windows = ratios.map((missRatio, i) => ({
    from: 500 + i * WINDOW,
    requests: WINDOW,
    misses: WINDOW * missRatio,
    missRatio,
    byteMissRatio: missRatio,
  }));
  return row(policy, 10, 0.5, { windows, ...rest });
}

/** For each path of a class, its points in hundredths of a percent, and its attributes. */
function pathsOf(markup: string, kind: "line" | "band") {
  return [...markup.matchAll(new RegExp(`<path class="${kind}( scaled)? (c[0-9]|optimum)"([^>]*)/>`, "g"))]
    .filter(([, , , attributes]) => attributes!.includes("transform"))
    .map(([, , colour, attributes]) => {
      const attribute = (name: string): string => new RegExp(` ${name}="([^"]*)"`).exec(attributes!)![1]!;
      const points = attribute("d")
        .replace(/^M|Z$/g, "")
        .split("L")
        .map((point) => point.split(" ").map(Number) as [number, number]);
      const transform = /translate\((.*) (.*)\) scale\((.*) (.*)\)/.exec(attribute("transform"))!;
      const [left, bottom, xScale, yScale] = transform.slice(1).map(Number) as [
        number,
        number,
        number,
        number,
      ];
      const place = ([x, y]: [number, number]) => ({ x: left + xScale * x, y: bottom + yScale * y });
      return { colour, attribute, points, places: points.map(place) };
    });
}

test("no windows, no section", () => {
  expect(renderWindows([row("lru", 10, 0.5)])).toBe("");
  expect(renderHtml([row("lru", 10, 0.5)], { facts: [] })).not.toContain("Over time");
});

test("windows in which nothing was read make no chart, and no point", () => {
  const idle = { requests: 0, misses: 0, missRatio: 0, byteMissRatio: 0 };
  expect(renderWindows([row("lru", 10, 0.5, { windows: [{ from: 0, ...idle }] })])).toBe("");
  const some = withWindows("lru", [0.5, 0.4, 0.3]);
  const windows = some.windows!.map((window, i) => (i === 1 ? { ...window, ...idle } : window));
  expect(pathsOf(renderWindows([{ ...some, windows }]), "line")[0]!.points).toEqual([
    [0, 5000],
    [2, 3000],
  ]);
});

test("a single window is in the middle", () => {
  const [{ points, places, attribute }] = pathsOf(renderWindows([withWindows("lru", [0.5])]), "line") as [
    ReturnType<typeof pathsOf>[0],
  ];
  expect(points).toEqual([[0, 5000]]);
  expect(places[0]!.x).toBeGreaterThan(400);
  expect(places[0]!.x).toBeLessThan(500);
  // A scale of 0 would draw nothing.
  expect(attribute("transform")).not.toMatch(/[( ]0[ )]|NaN|Infinity/);
});

describe("a few windows", () => {
  const markup = renderWindows([
    withWindows("lru", [0.4, 0.123_44, 0]),
    withWindows("belady", [0.3, 0.1, 0]),
  ]);

  test("are written as they are, once for large screens and once for small ones", () => {
    const lines = pathsOf(markup, "line");
    expect(lines.map(({ colour }) => colour)).toEqual(["optimum", "c0", "optimum", "c0"]);
    for (const { attribute, points } of lines.filter(({ colour }) => colour === "c0")) {
      expect([attribute("data-first"), attribute("data-step")]).toEqual(["500", "1000"]);
      expect(points).toEqual([
        [0, 4000],
        [1, 1234],
        [2, 0],
      ]);
    }
    expect(pathsOf(markup, "band")).toEqual([]);
    expect(markup.match(/class="dots scaled/g)).toHaveLength(4);
    elementsOf(markup);
  });

  test("are scaled to the axes", () => {
    const [wide] = markup.split("</svg>");
    const grid = [...wide!.matchAll(/<path class="grid" d="M([0-9.]+) ([0-9.]+)H([0-9.]+)"/g)];
    const [left, bottom, right] = grid[0]!.slice(1).map(Number);
    const { places } = pathsOf(wide!, "line")[1]!;
    expect(places.map(({ x }) => Math.round(x))).toEqual(
      [left!, (left! + right!) / 2, right!].map(Math.round),
    );
    // The axis goes up to 40 %.
    expect(places[0]!.y).toBeCloseTo(Number(grid.at(-1)![2]), 1);
    expect(places[2]!.y).toBeCloseTo(bottom!, 1);
  });

  test("have the styles of the curves", () => {
    const page = renderHtml([row("fifo", 99, 0.5), withWindows("lru", [0.4, 0.3])], { facts: [] });
    expect(pathsOf(page, "line").map(({ colour }) => colour)).toEqual(["c1", "c1"]);
    expect(page).toMatch(/<g class="name" data-policy="lru"><rect[^>]*\/><path class="line c1"/);
  });
});

describe("many windows", () => {
  const ratios = Array.from({ length: 5000 }, (_, i) => (i === 2345 ? 1 : i === 2346 ? 0 : 0.2));
  const markup = renderWindows([withWindows("lru", ratios)]);

  test("are merged to as many as can be distinguished, with their extremes", () => {
    const [lines, bands] = [pathsOf(markup, "line"), pathsOf(markup, "band")];
    expect(lines.map(({ points }) => points.length)).toEqual([100, 25]);
    expect(lines[0]!.attribute("data-step")).toBe("50000");
    expect(markup).toContain("a line is what neighbouring ones miss together");
    for (const [i, { points }] of bands.entries()) {
      const count = lines[i]!.points.length;
      expect(points).toHaveLength(2 * count);
      const at = i === 0 ? 46 : 11;
      expect([points[at], points[2 * count - 1 - at]]).toEqual([
        [at, 10_000],
        [at, 0],
      ]);
      expect([points[0], points.at(-1)]).toEqual([
        [0, 2000],
        [0, 2000],
      ]);
    }
    expect(markup).not.toContain('class="dots');
    elementsOf(markup);
  });

  test("of all policies at all sizes take less than a megabyte", () => {
    const noisy = ratios.map((_, i) => ((i * 7919) % 1000) / 1000);
    const rows = [1, 2, 3, 4, 5, 6, 7, 8, 9].flatMap((size) =>
      policyNames().map((name) => withWindows(name, noisy, { size })),
    );
    expect(renderWindows(rows).length).toBeLessThan(1e6);
  });
});

test("a chart for each trace and size; from five on they are folded, all but one", () => {
  const rows = (sizes: readonly number[], traces: readonly string[]): ResultRow[] =>
    traces.flatMap((trace) => sizes.map((size) => withWindows("lru", [0.5, 0.4], { size, trace })));
  const four = renderWindows(rows([1, 20], ["one", "<two>"]));
  expect([...four.matchAll(/<h3>(.*)<\/h3>/g)].map(([, title]) => title)).toEqual([
    "one, 1 entry",
    "one, 20 entries",
    "&lt;two&gt;, 1 entry",
    "&lt;two&gt;, 20 entries",
  ]);
  expect(elementsOf(four).filter((name) => name === "svg")).toHaveLength(8);
  expect(four).not.toContain("<details");
  const five = renderWindows(rows([1, 2, 3, 4, 5], ["one"]));
  expect(
    [...five.matchAll(/<details( open)?><summary>(.*)<\/summary>/g)].map((match) => match.slice(1)),
  ).toEqual([
    [undefined, "1 entry"],
    [undefined, "2 entries"],
    [" open", "3 entries"],
    [undefined, "4 entries"],
    [undefined, "5 entries"],
  ] as string[][]);
});
