/** The page of `simulate --html` in a real browser: pointing, switching lines off, printing. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Page } from "playwright-core";
import { chromiumProgram, TestBrowser } from "./support/browser.ts";
import { runGlasscache } from "./support/command-line.ts";
import { TemporaryDirectory } from "./support/program.ts";

setDefaultTimeout(60_000);

const WORKLOAD = "zipf(n=500,requests=5000,seed=2)";
const SIZES = ["10", "50", "200"];

describe.skipIf(!chromiumProgram.available)(chromiumProgram.title("the page of a simulation"), () => {
  const directory = new TemporaryDirectory();
  const url = pathToFileURL(join(directory.path, "page.html")).href;
  let browser: TestBrowser;
  let policies: string[];

  beforeAll(async () => {
    browser = await TestBrowser.launch();
    const { stdout } = await runGlasscache([
      ...["simulate", WORKLOAD, "--policy", "all", "--size", SIZES.join(","), "--by-prefix", "--json"],
      ...["--html", join(directory.path, "page.html")],
    ]);
    policies = [
      ...new Set(
        stdout
          .trim()
          .split("\n")
          .map((line) => JSON.parse(line).policy as string),
      ),
    ];
  });
  afterAll(async () => {
    await browser[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  const dotOf = (page: Page, policy: string) => page.locator(`.wide .policy[data-policy="${policy}"] circle`);

  test("tells all policies at the size that is pointed at, within the window", async () => {
    for (const height of [900, 420]) {
      await using shown = await browser.open(url, { viewport: { width: 1000, height } });
      const { page, messages } = shown;
      for (const [at, size] of SIZES.entries()) {
        const dot = dotOf(page, "random").nth(at);
        await dot.scrollIntoViewIfNeeded();
        const box = (await dot.boundingBox())!;
        await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
        const tip = page.locator("#tip");
        expect(await tip.locator("b").textContent()).toBe(`${size} entries, missed`);
        const told = await tip.locator("li span:first-child").allTextContents();
        expect(told.toSorted()).toEqual(policies.toSorted());
        const { y, height: tall } = (await tip.boundingBox())!;
        expect([y >= 0, y + tall <= height]).toEqual([true, true]);
      }
      expect(messages).toEqual([]);
    }
  });

  test("hides a line by a click anywhere on its name, in the tooltip, too", async () => {
    await using shown = await browser.open(url, { viewport: { width: 1000, height: 900 } });
    const { page } = shown;
    const name = page.locator('.wide .name[data-policy="fifo"]').first();
    // The middle lies between the piece of the line and the text.
    await name.click();
    expect(await name.getAttribute("aria-pressed")).toBe("false");
    expect(await dotOf(page, "fifo").first().isVisible()).toBe(false);
    const box = (await dotOf(page, "lru").first().boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    const told = await page.locator("#tip li span:first-child").allTextContents();
    expect(told).not.toContain("fifo");
    expect(told.length).toBe(policies.length - 1);
    await name.focus();
    await page.keyboard.press("Enter");
    expect(await dotOf(page, "fifo").first().isVisible()).toBe(true);
  });

  test("has a matrix of results, and prints its folded parts", async () => {
    await using shown = await browser.open(url);
    const { page } = shown;
    const rows = page.locator("table").first().locator("tbody tr");
    expect(await rows.count()).toBe(policies.length);
    expect(await rows.first().locator("td").count()).toBe(1 + SIZES.length);
    const folded = () => page.locator("details:not([open])").count();
    const before = await folded();
    expect(before).toBeGreaterThan(policies.length);
    await page.evaluate("dispatchEvent(new Event('beforeprint'))");
    expect(await folded()).toBe(0);
    await page.evaluate("dispatchEvent(new Event('afterprint'))");
    expect(await folded()).toBe(before);
  });

  test("says how to use it, and ends with advice and with what was run", async () => {
    await using shown = await browser.open(url);
    const text = await shown.page.locator("main").innerText();
    expect(text).toContain("click a name to hide or show its line");
    expect(text).toMatch(/In short\n+[a-z0-9-]+ with 200 entries misses [0-9.]+%, .*first requests/);
    expect(text.indexOf("In short")).toBeGreaterThan(text.indexOf("Results"));
    expect(text).toContain(`Trace\n`);
  });
});
