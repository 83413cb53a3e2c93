/** Lesson 4 in a real browser: predict, run, explain, change, and one more question. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { linked, pageFile, SITE_LINKS } from "../src/admin/page.ts";
import { bundlePage } from "../src/admin/page-bundle.ts";
import { chromiumProgram, TestBrowser } from "./support/browser.ts";
import { TemporaryDirectory } from "./support/program.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(120_000);

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

describe.skipIf(!chromiumProgram.available)("the lesson on scans", () => {
  const directory = new TemporaryDirectory();
  const file = join(directory.path, "scan.html");
  const url = `file://${file}`;
  let browser: TestBrowser;
  beforeAll(async () => {
    writeFileSync(file, pageFile(linked(await bundlePage("lesson-scan"), SITE_LINKS)));
    browser = await TestBrowser.launch();
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  test("is complete without a script", async () => {
    await using shown = await browser.open(url, { javaScriptEnabled: false });
    const text = await shown.page.locator("main").innerText();
    for (const part of [
      "LRU: 9 of 20",
      "S3-FIFO: 19 of 20",
      "So a scan does not hurt because it is large",
      "One more question",
    ]) {
      expect(text).toContain(part);
    }
    expect(text).not.toContain("This part opens");
    expect(shown.messages).toEqual([]);
  });

  test("moves by itself to the question, and runs once a guess is kept", async () => {
    await using shown = await browser.open(url);
    const { page } = shown;
    await page.getByRole("button", { name: "Keep my guess and let it come" }).waitFor();
    expect(await page.locator("#explained .told").isVisible()).toBe(false);
    await page.getByRole("button", { name: "Keep my guess and let it come" }).click();
    await page.getByText(/stranger [3-9] of 24/).waitFor();
    await page.getByRole("button", { name: "Pause" }).click();
    await page.getByRole("button", { name: "Step back" }).click();
    expect(await page.locator(".cache.jump").count()).toBe(2);
    expect(shown.messages).toEqual([]);
  });

  for (const width of [360, 1280]) {
    test(`can be walked through by keyboard alone, with less motion, at ${width} px`, async () => {
      await using shown = await browser.open(url, {
        viewport: { width, height: 900 },
        reducedMotion: "reduce",
      });
      const { page, messages } = shown;
      const press = async (name: string): Promise<void> => page.getByRole("button", { name }).press("Enter");
      await press("Next moment");
      await page.getByRole("slider", { name: /guess for LRU/ }).press("End");
      await press("Keep my guess and let it come");
      expect(await page.evaluate("location.hash")).toBe("#guess=20,10");
      for (const phase of ["stranger 12 of 24", "stranger 24 of 24", "The run is over."]) {
        await press("Next moment");
        await page.getByText(phase).waitFor();
      }
      const explained = page.locator("#explained .told");
      await until(() => explained.isVisible());
      expect(await explained.innerText()).toContain(
        "LRU: you said 20, it was 9. That they had been asked for all day",
      );
      expect(await explained.innerText()).toContain("S3-FIFO: you said 10, it was 19. No scan gets past");
      expect(await page.locator("#stage .boxes .hit").count()).toBe(9 + 19);
      const length = page.getByRole("slider", { name: /strangers in the scan/ });
      await length.press("Home");
      await page.getByText("A scan of 0: LRU 20 of 20, S3-FIFO 20 of 20.").waitFor();
      await page.getByRole("radio", { name: /^All of them/ }).press("Space");
      await page.getByText("Not this time.").waitFor();
      await page.getByRole("radio", { name: /^At most the few/ }).press("Space");
      await page.getByText("answers 65 of the regulars’ 72").waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      await page.evaluate(AXE);
      const found = (await page.evaluate(
        `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))`,
      )) as string[][];
      expect(found).toEqual([]);
      expect(messages).toEqual([]);
      const link = await page.getByRole("link", { name: "This run in the playground" }).getAttribute("href");
      expect(link).toStartWith(`file://${directory.path}/index.html#typed=`);
    });
  }
});
