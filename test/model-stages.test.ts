/** What a reader may change in the lessons on proxy and origin, in a real browser. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { linked, pageFile, SITE_LINKS } from "../src/admin/page.ts";
import { bundlePage } from "../src/admin/page-bundle.ts";
import type { LessonName } from "../web/lessons/course.ts";
import { CUT_WIRE, cutWireFacts } from "../web/lessons/cut-wire/run.ts";
import { chromiumProgram, TestBrowser } from "./support/browser.ts";
import { TemporaryDirectory } from "./support/program.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(120_000);

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");

const directory = new TemporaryDirectory();
let browser: TestBrowser;

/** Writes the page of a lesson. @returns its address */
async function lessonPage(name: LessonName): Promise<string> {
  const file = join(directory.path, `${name}.html`);
  writeFileSync(file, pageFile(linked(await bundlePage(`lesson-${name}`), SITE_LINKS)));
  return `file://${file}`;
}

async function seriousIn(page: Page): Promise<string[]> {
  await page.evaluate(AXE);
  const { violations } = (await page.evaluate("axe.run()")) as {
    violations: { id: string; impact: string; nodes: { html: string }[] }[];
  };
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  return serious.map(({ id, nodes }) => `${id}: ${nodes[0]!.html}`);
}

async function expectNoScrolling(page: Page): Promise<void> {
  const [scrolled, seen] = (await page.evaluate(
    "[document.documentElement.scrollWidth, innerWidth]",
  )) as number[];
  expect(scrolled).toBeLessThanOrEqual(seen!);
}

beforeAll(async () => {
  if (chromiumProgram.available) browser = await TestBrowser.launch();
});
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

describe.skipIf(!chromiumProgram.available)("the stage of the race", () => {
  let url: string;
  beforeAll(async () => {
    url = await lessonPage("write-race");
  });

  for (const width of [360, 1280]) {
    test(`is walked through by keyboard alone at ${width} px`, async () => {
      await using shown = await browser.open(url, {
        viewport: { width, height: 900 },
        reducedMotion: "reduce",
      });
      const { page, messages } = shown;
      const focused = (): Promise<unknown> => page.evaluate("document.activeElement.textContent");
      // What happens next stands beside the drawing where there is room, and above it elsewhere.
      const [acts, picture] = await Promise.all(
        [".race-acts", ".race-picture"].map((part) => page.locator(part).boundingBox()),
      );
      expect(acts!.width).toBeGreaterThan(280);
      expect(picture!.x > acts!.x + acts!.width).toBe(width > 1000);
      await page.getByRole("button", { name: "Ana asks for tea" }).focus();
      await page.keyboard.press("Enter");
      // The button that was pressed is gone; the first of what can happen now has the focus.
      await until(async () => (await focused()) === "Ben writes tea = 4", "the focus moves on");
      await page.getByRole("button", { name: "The question for tea reaches the origin" }).press("Enter");
      await page.getByRole("button", { name: "Ben writes tea = 4" }).press("Enter");
      await page.getByRole("button", { name: "The answer tea = 3 reaches the proxy" }).press("Enter");
      await page
        .locator(".race-says", { hasText: "the key’s lease has changed, so this may be old" })
        .waitFor();
      await until(async () => (await page.evaluate("location.hash")) === "#order=AoBp", "#order=AoBp");
      await page.keyboard.press("ArrowLeft");
      await until(async () => (await page.evaluate("location.hash")) === "#order=AoB", "#order=AoB");
      await page.keyboard.press("ArrowRight");
      await page.getByRole("button", { name: "The write tea = 4 reaches the origin" }).press("Enter");
      await page.getByRole("button", { name: "The OK for tea = 4 reaches the proxy" }).press("Enter");
      await page.getByRole("button", { name: "Cleo asks for tea" }).press("Enter");
      await page.getByText("Every step as a table").press("Enter");
      await until(async () => (await page.locator(".race table tbody tr").count()) === 7, "seven steps");
      // The same order without leases.
      await page.getByRole("checkbox", { name: /only if its lease still holds/ }).press(" ");
      await until(
        async () => (await page.evaluate("location.hash")) === "#race=noleases&order=AoBpopC",
        "#race=noleases&order=AoBpopC",
      );
      await page.locator(".outcome", { hasText: "That is the stale read that must not be" }).waitFor();
      expect(await page.getByRole("img", { name: /after 7 steps. Cleo read 3/ }).count()).toBe(1);
      await page.getByRole("button", { name: "Try every order" }).press("Enter");
      expect(await page.locator(".orders").innerText()).toMatch(
        /In \d+ of them somebody reads the old price/,
      );
      await page.getByRole("button", { name: "Go through one that goes wrong" }).press("Enter");
      const forward = page.getByRole("button", { name: "Forward" });
      while (await forward.isEnabled()) await forward.press("Enter");
      await page.locator(".outcome", { hasText: "stale read" }).waitFor();
      await expectNoScrolling(page);
      expect(messages).toEqual([]);
    });
  }

  test("an address shows what somebody else has seen, also under rules that do not allow all of it", async () => {
    await using shown = await browser.open(`${url}#race=past&order=AoBppCop`);
    expect(await shown.page.locator(".outcome").innerText()).toContain("nobody had been told");
    await using cut = await browser.open(`${url}#order=Appp`);
    expect(
      await cut.page.getByRole("button", { name: "The question for tea reaches the origin" }).count(),
    ).toBe(1);
  });

  for (const colorScheme of ["light", "dark"] as const) {
    test(`axe finds nothing serious when it is ${colorScheme}`, async () => {
      await using shown = await browser.open(`${url}#race=noleases&order=AoBpopC`, { colorScheme });
      const { page } = shown;
      await page.getByRole("button", { name: "Try every order" }).click();
      expect(await seriousIn(page)).toEqual([]);
    });
  }
});

describe.skipIf(!chromiumProgram.available)("the stage of the wire", () => {
  let url: string;
  beforeAll(async () => {
    url = await lessonPage("cut-wire");
  });

  for (const width of [360, 1280]) {
    test(`is walked through by keyboard alone at ${width} px`, async () => {
      await using shown = await browser.open(url, {
        viewport: { width, height: 900 },
        reducedMotion: "reduce",
      });
      const { page, messages } = shown;
      const says = page.locator(".wire > .prose");
      const { oldReads } = cutWireFacts(CUT_WIRE);
      expect(await says.innerText()).toContain(`The old price was read ${oldReads} times`);
      expect(await page.locator(".olds").textContent()).toBe(`~ ${oldReads} old reads`);
      await page.getByRole("radio", { name: "The wire dies" }).focus();
      await page.keyboard.press("ArrowDown");
      expect(await says.innerText()).toContain("the message ahead of the heartbeat’s answer");
      await page.getByRole("slider", { name: "Silence is noticed after" }).press("Home");
      const quick = cutWireFacts({ ...CUT_WIRE, failure: "network", heartbeatTimeoutMs: 100 });
      expect(await says.innerText()).toContain(`The old price was read ${quick.oldReads} times`);
      await page.getByRole("radio", { name: "The connection is reset" }).press(" ");
      await page.getByRole("checkbox", { name: "an epoch" }).press(" ");
      expect(await says.innerText()).toContain("nobody will ever mend that");
      await page.getByText("The reads of each second as a table").press("Enter");
      expect(await page.locator(".wire table tbody tr").count()).toBe(16);
      await expectNoScrolling(page);
      expect(messages).toEqual([]);
    });
  }

  for (const colorScheme of ["light", "dark"] as const) {
    test(`axe finds nothing serious when it is ${colorScheme}`, async () => {
      await using shown = await browser.open(url, { colorScheme });
      expect(await seriousIn(shown.page)).toEqual([]);
    });
  }
});
