/** The playground in a real browser, served alone and as a file of the site. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { LearnServer } from "../src/admin/learn-server.ts";
import { pageFile } from "../src/admin/page.ts";
import { bundlePage } from "../src/admin/page-bundle.ts";
import { chromiumProgram, type ShownPage, TestBrowser } from "./support/browser.ts";
import { TemporaryDirectory } from "./support/program.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(120_000);

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const TWO =
  "#workload=loop(n=1000,share=0.35,others=24,alpha=0.7)&requests=600&seed=4&caches=lru*20;s3-fifo*20";

interface Violation {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly { readonly html: string }[];
}

/** All that the caches show, but for where tiles are on their way. */
const picture = (page: Page): Promise<string> =>
  page.evaluate(`[...document.querySelectorAll(".stream-row, .cache, .score")].map((part) =>
    [...part.querySelectorAll(".tile:not(.gone)")].map((tile) => tile.getAttribute("aria-label")).join("; ")
    + part.getAttribute("aria-label") + part.innerText + [...part.querySelectorAll("path")].map((path) => path.getAttribute("d")).join()
  ).join("\\n")`);

async function at(page: Page, position: number): Promise<void> {
  await page.locator(".cache").first().waitFor();
  await page
    .locator(".controls output", { hasText: new RegExp(`^${position.toLocaleString("en")}$`) })
    .waitFor();
}

const hashOf = (page: Page): Promise<string> => page.evaluate("location.hash");

async function violations(page: Page): Promise<Violation[]> {
  await page.evaluate(AXE);
  return page.evaluate(
    `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations)`,
  ) as Promise<Violation[]>;
}

describe.skipIf(!chromiumProgram.available)("the playground", () => {
  let browser: TestBrowser;
  let server: LearnServer;
  beforeAll(async () => {
    browser = await TestBrowser.launch();
    server = new LearnServer({ host: "127.0.0.1", port: 0, page: bundlePage });
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await server?.close();
  });

  const open = (hash: string, options = {}): Promise<ShownPage> =>
    browser.open(`http://127.0.0.1:${server.port}/learn${hash}`, options);

  test("steps forwards and back to the same picture, and says so in its address", async () => {
    await using shown = await open(`${TWO}&at=120`);
    const { page, messages } = shown;
    await at(page, 120);
    await page.locator(".curve .prose b, .curve .prose", { hasText: "Over the whole run" }).waitFor();
    const before = await picture(page);
    for (const position of [121, 122, 123]) {
      await page.keyboard.press("ArrowRight");
      await at(page, position);
    }
    expect(await page.locator(".cache.jump").count()).toBe(0);
    const later = await picture(page);
    expect(later).not.toBe(before);
    expect(await page.locator(".sentence").allInnerTexts()).toEqual([
      "| Hit. A is here. It moves to the front of the line.",
      "| Hit. A is here. It stays in its place, read 18 times by now.",
    ]);
    for (const position of [122, 121, 120]) {
      await page.getByRole("button", { name: "One step back" }).click();
      await at(page, position);
    }
    expect(await picture(page)).toBe(before);
    // What lies behind does not move.
    expect(await page.locator(".cache.jump").count()).toBe(2);
    await page.keyboard.press("End");
    await at(page, 600);
    await page.locator(".controls").press("Home");
    await at(page, 0);
    await page.locator(".seek input").fill("123");
    await at(page, 123);
    expect(await picture(page)).toBe(later);
    const address = await page.evaluate("location.href");
    expect(address).toBe(`http://127.0.0.1:${server.port}/learn${TWO}&at=123&speed=3`);
    await using again = await browser.open(String(address));
    await at(again.page, 123);
    expect(await picture(again.page)).toBe(later);
    expect(messages).toEqual([]);
    expect(again.messages).toEqual([]);
  });

  test("plays, stops, and takes other caches, sizes and requests", async () => {
    await using shown = await open(`${TWO}&speed=100`);
    const { page, messages } = shown;
    await at(page, 0);
    await page.keyboard.press("Space");
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await until(async () => Number(await page.locator(".controls output").innerText()) > 40);
    await page.getByRole("button", { name: "Pause" }).click();
    await page.locator(".sentence b").first().waitFor();
    await page.getByLabel("Speed").selectOption("max");
    await page.getByRole("button", { name: "Play" }).click();
    await at(page, 600);
    await page.getByRole("button", { name: "Play" }).waitFor();
    const misses = await page.locator('[data-figure="hit-ratio-1"]').innerText();
    expect(misses).toContain("332 hits");
    await page.getByRole("button", { name: "Add a cache" }).click();
    await page.locator(".cache").nth(2).waitFor();
    await page.getByLabel("Policy of cache 3").selectOption("arc");
    await until(async () => (await hashOf(page)).includes("caches=lru*20;s3-fifo*20;arc*20"));
    await page.getByRole("textbox", { name: "entries" }).first().fill("x");
    await page.getByRole("textbox", { name: "entries" }).first().press("Enter");
    expect(await page.locator(".problem").innerText()).toContain('"x" is not a size');
    await page.getByLabel("Size of all caches").press("ArrowRight");
    await until(async () => !(await hashOf(page)).includes("*20"));
    await page.getByLabel("What is asked for").selectOption("Your own requests");
    await page.getByRole("textbox", { name: "Requests", exact: true }).fill("A B A C*2");
    await page.getByRole("textbox", { name: "Requests", exact: true }).press("Enter");
    await until(async () => (await hashOf(page)).startsWith("#typed=A+B+A+C*2&"));
    await page.getByRole("button", { name: "One step", exact: true }).press("End");
    await at(page, 5);
    expect(messages).toEqual([]);
  });

  test("tells a biography, and the focus goes back to the tile", async () => {
    await using shown = await open(`${TWO}&at=120`);
    const { page } = shown;
    const tile = page
      .locator(".cache")
      .nth(1)
      .getByRole("button", { name: /^A, main/ });
    await tile.click();
    const why = page.getByRole("region", { name: "Why?" });
    await why.getByText("A is in the main queue").waitFor();
    expect(await why.locator(".events li").count()).toBeGreaterThan(1);
    await page.keyboard.press("Escape");
    expect(await page.evaluate("document.activeElement.getAttribute('aria-label')")).toStartWith("A, main");
  });

  test("four fields of a thousand entries go as fast as they can, and the last step is told", async () => {
    const caches = ["lru", "s3-fifo", "w-tinylfu", "sieve"].map((policy) => `${policy}*1000`).join(";");
    await using shown = await open(
      `#workload=zipf(n=20000,alpha=0.9)&requests=100000&seed=1&caches=${caches}&at=0&speed=max`,
    );
    const { page, messages } = shown;
    await at(page, 0);
    await page.getByRole("button", { name: "Play" }).click();
    await at(page, 100_000);
    await page.locator(".cells canvas").first().waitFor();
    expect(await page.locator(".sentence b").count()).toBe(4);
    expect(messages).toEqual([]);
  });

  test("an address that is wrong is told, and the rest holds", async () => {
    await using shown = await open("#caches=lur*20&seed=4&at=7");
    await at(shown.page, 7);
    expect(await shown.page.locator(".problem").innerText()).toContain(
      'unknown policy "lur": did you mean lru?',
    );
  });

  for (const width of [360, 1280]) {
    for (const colorScheme of ["light", "dark"] as const) {
      test(`nothing is wider than a ${colorScheme} page of ${width} px, and axe-core finds nothing`, async () => {
        await using shown = await open(`${TWO};w-tinylfu*20;arc*20&at=200`, {
          viewport: { width, height: 900 },
          colorScheme,
          reducedMotion: "reduce",
        });
        const { page } = shown;
        await at(page, 200);
        await page.locator(".tile").first().click();
        await page.locator(".events li").first().waitFor();
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
        const found = (await violations(page)).map(({ id, nodes }) => [id, nodes[0]!.html]);
        expect(found).toEqual([]);
        expect(shown.messages).toEqual([]);
      });
    }
  }

  test("works as a file, without any server", async () => {
    using directory = new TemporaryDirectory();
    const path = join(directory.path, "index.html");
    writeFileSync(path, pageFile(await bundlePage("learn")));
    await using shown = await browser.open(`file://${path}${TWO}&at=30`);
    await at(shown.page, 30);
    await shown.page.keyboard.press("ArrowRight");
    await at(shown.page, 31);
    expect(shown.messages).toEqual([]);
  });
});
