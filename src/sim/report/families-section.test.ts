import { expect, test } from "bun:test";
import type { ResultRow } from "../runner.ts";
import { renderFamilies } from "./families-section.ts";
import { renderHtml } from "./html.ts";
import { elementsOf, row } from "./report-fixture.ts";

function withFamilies(names: readonly string[], rest: Partial<ResultRow> = {}): ResultRow {
  const families = names.map((family) => ({ family, requests: 40, misses: 10, missRatio: 0.25 }));
  return row("lru", 1000, 0.5, { misses: 10 * names.length, families, ...rest });
}

/** The texts of all cells, row by row. */
function cellsOf(markup: string): string[][] {
  const lines = [...markup.matchAll(/<tr>(<td.*)<\/tr>/g)];
  return lines.map(([, line]) => [...line!.matchAll(/<td[^>]*>([^<]*)/g)].map(([, text]) => text!));
}

test("no families, no section", () => {
  expect(renderHtml([row("lru", 10, 0.5)], { facts: [] })).not.toContain("Misses by prefix");
});

test("the misses of each family, and their share of all misses as a bar", () => {
  const page = renderHtml([withFamilies(["user", "a<b>&", "c", "d"])], { facts: [] });
  const section = page.slice(page.indexOf("<h2>Misses by prefix"), page.indexOf("<h2>What was run"));
  expect(section).toContain("<h3>lru, 1,000 entries</h3>");
  expect(cellsOf(section).slice(0, 2)).toEqual([
    ["user", "10", "25.00%", "40", "25.00%"],
    ["a&lt;b&gt;&amp;", "10", "25.00%", "40", "25.00%"],
  ]);
  expect(section).toContain('<td data-value="0.25" class="bar" style="--length:25.00%">25.00%</td>');
  expect(section).not.toContain(" more</p>");
  elementsOf(section.replaceAll("--length", "length"));
});

test("the first twenty, and how many more there are", () => {
  const markup = renderFamilies([withFamilies(Array.from({ length: 1234 }, (_, i) => `f${i}`))]);
  const cells = cellsOf(markup);
  expect([cells.length, cells.at(-1)![0]]).toEqual([20, "f19"]);
  expect(markup).toContain('<p class="faint">and 1,214 more</p>');
});

test("nothing missed at all", () => {
  const markup = renderFamilies([withFamilies(["user"], { misses: 0 })]);
  expect(cellsOf(markup)[0]![2]).toBe("0.00%");
});

test("a table for each result; from five on they are folded", () => {
  const rows = [1, 2, 3, 4, 5].map((size) =>
    withFamilies(["user"], { size, trace: size < 5 ? "one" : "two" }),
  );
  const titles = [...renderFamilies(rows).matchAll(/<summary>(.*)<\/summary>/g)].map(([, title]) => title);
  expect(titles).toEqual([
    "one, lru, 1 entry",
    "one, lru, 2 entries",
    "one, lru, 3 entries",
    "one, lru, 4 entries",
    "two, lru, 5 entries",
  ]);
  expect(renderFamilies(rows.slice(0, 4))).not.toContain("<details");
});
