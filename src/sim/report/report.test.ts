import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { policyNames } from "../../policy/registry.ts";
import { renderHtml } from "./html.ts";
import { colourProperties, lineStyles } from "./line-styles.ts";
import { elementsOf, row } from "./report-fixture.ts";
import { renderCharts, renderSvg } from "./svg.ts";
import { countTicks, ratioTicks, sizeTicks } from "./ticks.ts";

const names = policyNames();

describe("chart", () => {
  test("names of 1 to 20 policies never overlap and stay within the picture", () => {
    const ratios = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), {
      minLength: 1,
      maxLength: names.length,
    });
    fc.assert(
      fc.property(ratios, (all) => {
        const [svg = ""] = renderCharts(
          all.flatMap((ratio, i) => [row(names[i]!, 10, 1), row(names[i]!, 1000, ratio)]),
          { width: 960, names: "beside" },
        );
        const height = Number(/viewBox="0 0 960 ([0-9.]+)"/.exec(svg)![1]);
        const places = [
          ...svg.matchAll(/<g class="name"[^>]*><rect[^>]*\/><path[^>]* d="M[0-9.]+ ([0-9.]+)h/g),
        ].map((match) => Number(match[1]));
        expect(places).toHaveLength(all.length);
        places.sort((one, other) => one - other);
        for (const [i, place] of places.entries()) {
          expect(place).toBeGreaterThan(40);
          expect(place).toBeLessThan(height);
          if (i > 0) expect(place - places[i - 1]!).toBeGreaterThan(15.8);
        }
      }),
      { seed: 1 },
    );
  });

  test("has a line for each policy, a dot for each result, a panel for each trace and unit", () => {
    const rows = names.flatMap((name) => [10, 100].map((size) => row(name, size, 0.5)));
    const svg = renderSvg([
      ...rows,
      row("lru", 1e6, 0.25, { sizeUnit: "bytes" }),
      row("lru", 10, 0.5, { trace: "other" }),
    ]);
    const elements = elementsOf(svg);
    expect(elements.filter((name) => name === "circle")).toHaveLength(2 * names.length + 2);
    expect(svg.match(/class="title"/g)).toHaveLength(3);
    expect(svg).toContain("<title>lru, 100 entries: 50.00% missed</title>");
    expect(svg).not.toContain("NaN");
    expect(svg).not.toContain("Infinity");
  });

  test("names from outside cannot break out of it", () => {
    const trace = `<script>"'&`;
    expect(elementsOf(renderSvg([row("lru", 10, 0, { trace })]))).not.toContain("script");
    expect(renderHtml([row("lru", 10, 0, { trace })], { facts: [[trace, trace]] })).not.toContain(trace);
  });

  test("unresolved estimates are left out if there are others", () => {
    const none = { ...row("lru", 10, 0.9), isResolved: false };
    const dots = (rows: Parameters<typeof renderSvg>[0]): string[] =>
      [...renderSvg(rows).matchAll(/data-size="([^"]*)"/g)].map(([, size]) => size!);
    expect(dots([none, { ...row("lru", 100, 0.5), isResolved: true }])).toEqual(["100 entries"]);
    expect(dots([none])).toEqual(["10 entries"]);
  });

  test("a single size, and nothing missed at all", () => {
    const svg = renderSvg([row("lru", 1, 0)]);
    expect(svg).not.toContain("NaN");
    expect(svg).toContain("1 entry: 0.00% missed");
  });

  test("no two colours are near each other, on light or dark backgrounds", () => {
    for (const background of ["light", "dark"] as const) {
      const colours = [...colourProperties(background).matchAll(/--(c[0-9]):#(..)(..)(..)/g)].map(
        ([, name, ...parts]) => ({ name, parts: parts.map((part) => Number.parseInt(part!, 16)) }),
      );
      expect(colours).toHaveLength(6);
      for (const one of colours) {
        for (const other of colours) {
          if (one.name === other.name) continue;
          const distance = Math.hypot(...one.parts.map((part, i) => part - other.parts[i]!));
          expect({ one: one.name, other: other.name, isFar: distance > 60 }).toMatchObject({ isFar: true });
        }
      }
    }
  });

  test("no two policies look the same", () => {
    const styles = [...lineStyles(names).values()];
    expect(new Set(styles.map(({ colour, dash }) => `${colour} ${dash}`)).size).toBe(styles.length);
  });
});

describe("axes", () => {
  test("go up to a round number that covers everything, in a few steps", () => {
    expect(ratioTicks(0.873).at(-1)).toBe(1);
    expect(ratioTicks(0.42)).toHaveLength(6);
    fc.assert(
      fc.property(fc.double({ min: 0.004, max: 1, noNaN: true }), (most) => {
        const ticks = ratioTicks(most);
        expect(ticks.at(-1)!).toBeGreaterThanOrEqual(most - 1e-9);
        expect(ticks.length).toBeGreaterThan(3);
        expect(ticks.length).toBeLessThan(10);
      }),
      { seed: 1 },
    );
  });

  test("mark as many sizes as there is room for", () => {
    expect(sizeTicks(13, 6878, "entries", 12)).toEqual([20, 50, 100, 200, 500, 1000, 2000, 5000]);
    expect(sizeTicks(13, 6878, "entries", 6)).toEqual([30, 100, 300, 1000, 3000]);
    expect(sizeTicks(2 ** 20, 2 ** 24, "bytes", 8)).toEqual([2 ** 20, 2 ** 21, 2 ** 22, 2 ** 23, 2 ** 24]);
    expect(sizeTicks(1, 1e9, "entries", 4)).toEqual([1, 1000, 1e6, 1e9]);
  });

  test("mark records at even, round steps, as many as there is room for", () => {
    expect(countTicks(0, 80_000, 14)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8].map((n) => n * 10_000));
    expect(countTicks(2500, 2500, 5)).toEqual([2500]);
    expect(countTicks(0, 0, 5)).toEqual([0]);
    const range = fc.tuple(fc.nat(1e9), fc.nat(1e9), fc.integer({ min: 3, max: 20 }));
    fc.assert(
      fc.property(range, ([least, length, room]) => {
        const ticks = countTicks(least, least + length, room);
        expect(ticks.length).toBeLessThanOrEqual(room);
        if (length > 10) expect(ticks.length).toBeGreaterThan(0);
        for (const tick of ticks) {
          expect(tick).toBeGreaterThanOrEqual(least);
          expect(tick).toBeLessThanOrEqual(least + length);
        }
      }),
      { seed: 1 },
    );
  });
});

describe("page", () => {
  const rows = [row("lru", 10, 0.5), row("sieve", 10, 0.4), row("belady", 10, 0.3)];

  test("needs nothing from elsewhere", () => {
    const page = renderHtml(rows, { facts: [["Trace", "test"]] });
    expect(page).not.toMatch(/\b(?:src|href)=|https?:|@import|url\(/);
    expect(page).toContain("<dt>Trace</dt><dd>test</dd>");
    expect(page.match(/<svg /g)).toHaveLength(2);
  });

  test("marks the online policies with the fewest misses", () => {
    const page = renderHtml(rows, { facts: [] });
    expect(page).toContain(
      '<td class="text" title="sieve">sieve</td>' +
        '<td class="best" title="sieve, 10 entries: 400 of 1,000 requests missed" data-value="0.4">40.00%</td>',
    );
    expect(page.match(/class="best"/g)).toHaveLength(1);
    expect(page).toContain("except for policies that know the future");
    expect(renderHtml(rows.slice(0, 1), { facts: [] })).not.toContain("is marked");
    expect(page).not.toContain("Byte miss ratio");
    expect(page).not.toContain("± expected");
  });

  test("gives the expected error of estimates", () => {
    const page = renderHtml([{ ...row("lru", 10, 0.5), standardError: 0.0123 }], { facts: [] });
    expect(page).toContain('<td data-value="0.0123">1.23%</td>');
  });

  test("marks estimates that tell nothing", () => {
    const page = renderHtml([{ ...row("lru", 10, 0.5), isResolved: false }], { facts: [] });
    expect(page).toContain('data-value="0.5">50.00%?</td>');
    expect(page).toContain("? The sample holds too little");
    expect(renderHtml(rows, { facts: [] })).not.toContain("%?");
  });

  test("draws curves through more sizes than the table has, without dots that would touch", () => {
    const curve = Array.from({ length: 80 }, (_, i) => row("lru", 10 + i, 0.5));
    const page = renderHtml([curve[0]!], { facts: [], curve });
    expect(page.match(/<tbody>[\s\S]*<\/tbody>/)![0].match(/<tr/g)).toHaveLength(1);
    expect(page.match(/<circle class="dot c0 unseen"/g)).toHaveLength(2 * curve.length);
    expect(page).toContain("The curve above has more sizes than the table.");
    expect(renderHtml(rows, { facts: [] })).not.toContain(" unseen");
  });

  test("has policies down and sizes across, a table for each trace and unit", () => {
    const all = ["lru", "sieve", "fifo"].flatMap((policy) =>
      [100, 20, 3].map((size) => row(policy, size, 0.5)),
    );
    const more = [
      ...all,
      row("lru", 5, 0.5, { trace: "other" }),
      row("lru", 64, 0.4, { sizeUnit: "bytes", byteMissRatio: 0.9 }),
    ];
    const tables = renderHtml(more, { facts: [] }).match(/<table>[\s\S]*?<\/table>/g)!;
    const heads = tables.map((table) => [...table.matchAll(/<button[^>]*>([^<]*)/g)].map(([, head]) => head));
    expect(heads).toEqual([
      ["Miss ratio, entries", "3", "20", "100"],
      ["Miss ratio, entries", "5"],
      ["Miss ratio", "64 B"],
      ["Byte miss ratio", "64 B"],
    ]);
    expect(tables.map((table) => table.match(/<tr>/g)!.length - 1)).toEqual([3, 1, 1, 1]);
  });

  test("names lines, dots and leaders alike, so that they are hidden together, and prints folded parts", () => {
    const page = renderHtml(rows, { facts: [] });
    for (const part of ["policy", "leader c0", "name"])
      expect(page).toContain(`class="${part}" data-policy="lru"`);
    expect(page).toContain('addEventListener("beforeprint"');
  });

  test("its script is one", () => {
    const script = /<script>\n([\s\S]*)<\/script>/.exec(renderHtml(rows, { facts: [] }))![1]!;
    expect(() => new Function(script)).not.toThrow();
  });
});
