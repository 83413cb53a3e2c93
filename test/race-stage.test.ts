/** The stage of lesson 10 in a real browser: the reader decides what happens next. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { chromiumProgram, TestBrowser } from "./support/browser.ts";
import { TemporaryDirectory } from "./support/program.ts";

setDefaultTimeout(120_000);

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

async function bundled(...paths: string[]): Promise<string> {
  const entrypoints = paths.map((path) => join(import.meta.dir, "..", "web", path));
  const { outputs } = await Bun.build({ entrypoints, target: "browser", minify: true });
  return (await Promise.all(outputs.map((output) => output.text()))).join("\n");
}

describe.skipIf(!chromiumProgram.available)("the stage of the race", () => {
  const directory = new TemporaryDirectory();
  const file = join(directory.path, "race.html");
  const url = `file://${file}`;
  let browser: TestBrowser;
  beforeAll(async () => {
    const style = await bundled("style/lesson.css", "style/race.css");
    const script = (await bundled("model/write-race/main.tsx")).replaceAll("</script", "<\\/script");
    const head = `<!doctype html><html lang="en"><meta charset="utf-8"><title>Race</title><meta name="viewport" content="width=device-width"><style>${style}</style>`;
    const body = `<body><main class="lesson"><h1>Race</h1><div id="stage"></div></main><script type="module">${script}</script>`;
    writeFileSync(file, head + body);
    browser = await TestBrowser.launch();
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  for (const width of [360, 1280]) {
    test(`is walked through by keyboard alone at ${width} px`, async () => {
      await using shown = await browser.open(url, {
        viewport: { width, height: 900 },
        reducedMotion: "reduce",
      });
      const { page, messages } = shown;
      const focused = (): Promise<unknown> => page.evaluate("document.activeElement.textContent");
      await page.getByRole("button", { name: "Ana asks for tea" }).focus();
      await page.keyboard.press("Enter");
      // The button that was pressed is gone; the first of what can happen now has the focus.
      expect(await focused()).toBe("Ben writes tea = 4");
      await page.getByRole("button", { name: "The question for tea reaches the origin" }).press("Enter");
      await page.getByRole("button", { name: "Ben writes tea = 4" }).press("Enter");
      await page.getByRole("button", { name: "The answer tea = 3 reaches the proxy" }).press("Enter");
      expect(await page.locator(".race-says").innerText()).toContain(
        "the key’s lease has changed, so this may be old",
      );
      expect(await page.evaluate("location.hash")).toBe("#race=&order=AoBp");
      await page.keyboard.press("ArrowLeft");
      expect(await page.evaluate("location.hash")).toBe("#race=&order=AoB");
      await page.keyboard.press("ArrowRight");
      await page.getByRole("button", { name: "The write tea = 4 reaches the origin" }).press("Enter");
      await page.getByRole("button", { name: "The OK for tea = 4 reaches the proxy" }).press("Enter");
      await page.getByRole("button", { name: "Cleo asks for tea" }).press("Enter");
      await page.getByText("Every step as a table").press("Enter");
      expect(await page.locator(".race table tbody tr").count()).toBe(7);
      // The same order without leases.
      await page.getByRole("checkbox", { name: /only if its lease still holds/ }).press(" ");
      expect(await page.evaluate("location.hash")).toBe("#race=noleases&order=AoBpopC");
      expect(await page.locator(".outcome").innerText()).toContain("That is the stale read that must not be");
      expect(await page.getByRole("img", { name: /after 7 steps. Cleo read 3/ }).count()).toBe(1);
      await page.getByRole("button", { name: "Try every order" }).press("Enter");
      expect(await page.locator(".orders").innerText()).toMatch(
        /In \d+ of them somebody reads the old price/,
      );
      await page.getByRole("button", { name: "Go through one that goes wrong" }).press("Enter");
      const forward = page.getByRole("button", { name: "Forward" });
      while (await forward.isEnabled()) await forward.press("Enter");
      expect(await page.locator(".outcome").innerText()).toContain("stale read");
      const [scrolled, seen] = (await page.evaluate(
        "[document.documentElement.scrollWidth, innerWidth]",
      )) as number[];
      expect(scrolled).toBeLessThanOrEqual(seen!);
      expect(messages).toEqual([]);
    });
  }

  test("an address shows what somebody else has seen, also under rules that do not allow all of it", async () => {
    await using shown = await browser.open(`${url}#race=past&order=AoBppCop`);
    expect(await shown.page.locator(".outcome").innerText()).toContain("nobody had been told");
    await using cut = await browser.open(`${url}#race=&order=Appp`);
    expect(
      await cut.page.getByRole("button", { name: "The question for tea reaches the origin" }).count(),
    ).toBe(1);
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`axe finds nothing serious when it is ${colorScheme}`, async () => {
      await using shown = await browser.open(`${url}#race=noleases&order=AoBpopC`, { colorScheme });
      const { page } = shown;
      await page.getByRole("button", { name: "Try every order" }).click();
      await page.addScriptTag({ content: AXE });
      const { violations } = (await page.evaluate("axe.run()")) as {
        violations: { id: string; impact: string; nodes: { html: string }[] }[];
      };
      const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
      expect(serious.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`)).toEqual([]);
    });
  }
});
