/** The static site: all its pages as any web host serves them, and as files on a disk. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { writeSite } from "../packages/site/site.ts";
import { SITE_LINKS } from "../src/admin/page.ts";
import { DOCS } from "../web/docs/shelf.ts";
import { LESSONS } from "../web/lessons/course.ts";
import { violations } from "./support/accessibility.ts";
import { chromiumProgram, TestBrowser } from "./support/browser.ts";
import { TemporaryDirectory } from "./support/program.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(120_000);

const directory = new TemporaryDirectory();
const site = directory.path;
beforeAll(() => writeSite(site));
afterAll(() => directory[Symbol.dispose]());

const textOf = (file: string): string => readFileSync(join(site, file), "utf8");
/** A page's markup, without scripts and styles. */
const markupOf = (file: string): string => textOf(file).replaceAll(/<(script|style)\b.*?<\/\1>/gs, "");
const values = (markup: string, attribute: string): string[] =>
  [...markup.matchAll(new RegExp(`<[^>]* ${attribute}="([^"]*)"`, "g"))].map(([, value]) => value!);
const FILES = Object.values(SITE_LINKS);

describe("the site", () => {
  test("has a page for each lesson and document, and no two of one name", () => {
    expect(new Set(FILES).size).toBe(LESSONS.length + DOCS.length + 4);
    expect(
      readdirSync(site)
        .filter((name) => name.endsWith(".html"))
        .toSorted(),
    ).toEqual(FILES.toSorted());
  });

  test("every link, picture and anchor leads to something that is there", () => {
    const broken: string[] = [];
    for (const file of FILES) {
      const markup = markupOf(file);
      expect(markup).not.toContain('href="page:');
      for (const target of [...values(markup, "href"), ...values(markup, "src")]) {
        // Further reading; nothing is loaded from there.
        if (target.startsWith("data:") || /^https:\/\//.test(target)) continue;
        const [path, anchor] = target.split("#") as [string, string | undefined];
        const isThere =
          path === "" || (!path.startsWith("/") && !path.includes("..") && existsSync(join(site, path)));
        const hasAnchor =
          anchor === undefined ||
          (isThere && values(markupOf(path === "" ? file : path), "id").includes(anchor));
        if (!isThere || !hasAnchor) broken.push(`${file}: ${target}`);
      }
    }
    expect(broken).toEqual([]);
  });

  test("each page leads to lessons, playground and documents", () => {
    for (const file of FILES.filter((name) => name !== SITE_LINKS.learn)) {
      const targets = values(markupOf(file), "href");
      for (const name of ["home", "learn", "lessons", "docs"] as const) {
        expect(targets).toContain(SITE_LINKS[name]!);
      }
    }
  });

  test("pages are small, and load nothing but what lies beside them", () => {
    for (const file of FILES) {
      const html = textOf(file);
      expect([file, gzipSync(html).length < (file === SITE_LINKS.learn ? 150_000 : 120_000)]).toEqual([
        file,
        true,
      ]);
      const policy = /Content-Security-Policy" content="([^"]*)"/.exec(html)![1]!;
      expect(policy).toStartWith("default-src 'none'; ");
      expect(policy).not.toMatch(/https?:|\*|unsafe/);
    }
  });

  test("says on lesson pages how to see the same on one's own traffic", () => {
    for (const { name } of LESSONS) {
      expect(markupOf(`${name}.html`)).toContain(`<code>http://localhost:8081/learn/${name}</code>`);
      expect(markupOf(`${name}.html`)).not.toContain("own-live");
    }
  });
});

describe.skipIf(!chromiumProgram.available)("the site in a browser", () => {
  let browser: TestBrowser;
  const host = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async ({ url }) => {
      const path = new URL(url).pathname.replace(/^\/some\/where\//, "");
      const file = Bun.file(join(site, path === "" ? "index.html" : path));
      return (await file.exists()) ? new Response(file) : new Response(null, { status: 404 });
    },
  });
  const base = `http://127.0.0.1:${host.port}/some/where/`;
  beforeAll(async () => {
    browser = await TestBrowser.launch();
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await host.stop(true);
  });

  test("works below a path of any host, and asks no other host for anything", async () => {
    await using shown = await browser.open(base);
    const { page, messages } = shown;
    const asked: string[] = [];
    page.on("request", (request) => asked.push(request.url()));
    for (const file of FILES) {
      await page.goto(base + file);
      await page.locator("h1").first().waitFor();
    }
    // The playground's worker is part of its page.
    expect(asked.filter((url) => !url.startsWith(base) && !url.startsWith("blob:"))).toEqual([]);
    expect(asked).toContain(`${base}images/dashboard.png`);
    expect(messages).toEqual([]);
    await page.goto(`${base}playground.html`);
    await page.getByLabel("What is asked for").selectOption("The demo, recorded");
    await page.getByText("Read as").first().waitFor();
    expect(asked).toContain(`${base}traces/demo.rec.gz`);
    expect(messages).toEqual([]);
  });

  for (const [width, colorScheme] of [
    [360, "dark"],
    [1280, "light"],
  ] as const) {
    test(`text fits a ${colorScheme} page of ${width} px, and keeps nobody out`, async () => {
      await using shown = await browser.open(base, {
        viewport: { width, height: 900 },
        colorScheme,
        reducedMotion: "reduce",
      });
      const { page, messages } = shown;
      for (const file of [SITE_LINKS.docs!, ...DOCS.map(({ name }) => `${name}.html`), SITE_LINKS.home!]) {
        await page.goto(base + file);
        await page.getByRole("button", { name: "Auto" }).waitFor();
        expect([file, await page.evaluate("document.documentElement.scrollWidth")]).toEqual([file, width]);
        // The others are made of the same.
        if ([SITE_LINKS.home, SITE_LINKS.docs, "learn.html", "dashboard.html"].includes(file)) {
          expect([file, await violations(page)]).toEqual([file, []]);
        }
      }
      expect(messages).toEqual([]);
    });
  }

  test("pages open from a disk, with their pictures", async () => {
    await using shown = await browser.open(`file://${join(site, "index.html")}`);
    const { page } = shown;
    await page.getByRole("link", { name: "What the dashboard shows" }).click();
    await page.locator("h1", { hasText: "The dashboard" }).waitFor();
    await until(
      async () => Number(await page.evaluate("document.querySelector('article img').naturalWidth")) > 100,
    );
    expect(shown.messages).toEqual([]);
  });

  test("the first page is complete without a script", async () => {
    await using shown = await browser.open(base, { javaScriptEnabled: false });
    const { page } = shown;
    const columns = page.locator(".requests li");
    const hits = await page.locator(".requests li.hit").count();
    expect(await columns.count()).toBe(40);
    expect(await page.locator(".glass").getAttribute("aria-label")).toStartWith(
      `Of the last 40 requests, ${hits} ended at the cache, and ${40 - hits} went on to the store.`,
    );
    expect(await page.locator(".glass .tile").count()).toBe(12);
    expect(await page.locator(".lessons a").allInnerTexts()).toEqual(LESSONS.map(({ title }) => title));
    await page.getByRole("link", { name: /^Lesson 1:/ }).click();
    expect(await page.locator("h1").innerText()).toBe(LESSONS[0].title);
  });

  test("its picture moves by itself for a while, steps forwards and back, and stands still on wish", async () => {
    const names =
      "[...document.querySelectorAll('.glass .tile, .requests b')].map((part) => part.textContent)";
    await using shown = await browser.open(base, { hasOwnClock: true });
    const { page } = shown;
    const before = await page.evaluate(names);
    await page.getByRole("button", { name: "Pause" }).waitFor();
    await page.clock.runFor(60_000);
    await page.getByRole("button", { name: "Play" }).waitFor();
    const after = await page.evaluate(names);
    expect(after).not.toEqual(before);
    for (const name of ["Step", "Step back"])
      await page.getByRole("button", { name, exact: true }).press("Enter");
    expect(await page.evaluate(names)).toEqual(after);
    expect(shown.messages).toEqual([]);
    await using still = await browser.open(base, { hasOwnClock: true, reducedMotion: "reduce" });
    await still.page.getByRole("button", { name: "Play" }).waitFor();
    await still.page.clock.runFor(60_000);
    expect(await still.page.evaluate(names)).toEqual(before);
    await still.page.getByRole("button", { name: "Step", exact: true }).press("Enter");
    await still.page.locator(".acts").waitFor();
    expect(await still.page.evaluate(names)).not.toEqual(before);
    expect(await still.page.evaluate("document.getAnimations().length")).toBe(0);
    const link = await still.page
      .getByRole("link", { name: "The same in the playground" })
      .getAttribute("href");
    await still.page.goto(new URL(link!, base).href);
    await still.page.locator(".cache").nth(1).waitFor();
    expect(await still.page.locator(".problem").count()).toBe(0);
  });
});
