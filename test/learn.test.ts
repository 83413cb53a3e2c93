/** The playground in a real browser, served alone and as a file of the site. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import type { Page } from "playwright-core";
import { LearnServer } from "../src/admin/learn-server.ts";
import { pageFile } from "../src/admin/page.ts";
import { bundlePage } from "../src/admin/page-bundle.ts";
import { violations } from "./support/accessibility.ts";
import { chromiumProgram, type ShownPage, TestBrowser } from "./support/browser.ts";
import { TemporaryDirectory } from "./support/program.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(120_000);

const TWO =
  "#workload=loop(n=1000,share=0.35,others=24,alpha=0.7)&requests=600&seed=4&caches=lru*20;s3-fifo*20";

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

  /** Drops a file onto the page, made there of a part that is repeated. */
  const drop = (page: Page, name: string, part: Uint8Array, times = 1): Promise<unknown> =>
    page.evaluate(`(() => {
      const part = Uint8Array.from(atob("${Buffer.from(part).toString("base64")}"), (byte) => byte.charCodeAt(0));
      const dataTransfer = new DataTransfer();
      dataTransfer.items.add(new File(Array(${times}).fill(part), "${name}"));
      for (const kind of ["dragover", "drop"]) document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
    })()`);

  const keys = Buffer.from(Array.from({ length: 5000 }, (_, i) => `user:${(i * i) % 97}\n`).join(""));

  for (const [name, pack] of [
    ["keys.txt", (bytes: Uint8Array) => bytes],
    ["keys.txt.gz", (bytes: Uint8Array) => gzipSync(bytes)],
    ["keys.txt.zst", (bytes: Uint8Array) => zstdCompressSync(bytes)],
  ] as const) {
    test(`a file that is dropped, ${name}, is replayed and stays in the browser`, async () => {
      await using shown = await open(TWO);
      const { page, messages } = shown;
      await at(page, 0);
      const asked: string[] = [];
      page.on("request", (request) => asked.push(request.url()));
      await drop(page, name, pack(keys));
      await page.getByText('Read as keys; first key "user:0".').waitFor();
      await page.keyboard.press("End");
      await at(page, 5000);
      expect(await hashOf(page)).toStartWith(`#file=${name}&`);
      expect(asked).toEqual([]);
      expect(messages).toEqual([]);
      // The address alone has no requests.
      await using again = await browser.open(String(await page.evaluate("location.href")));
      await again.page.getByRole("heading", { name: `Drop ${name} here again` }).waitFor();
      expect(await violations(again.page)).toEqual([]);
      await drop(again.page, name, pack(keys));
      await at(again.page, 5000);
      expect(await picture(again.page)).toBe(await picture(page));
    });
  }

  test("a file of 100 MB shows how far it is, and its beginning is taken", async () => {
    await using shown = await open("#caches=lru*1000;s3-fifo*1000");
    const { page } = shown;
    await at(page, 0);
    // Long lines, so that most of it is read before there are too many requests.
    const rows = Array.from({ length: 10_000 }, (_, i) => `user:${i % 7000}:${"x".repeat(30)}\n`);
    const part = Buffer.from(rows.join(""));
    const seen = page.locator(".reading progress").waitFor();
    await drop(page, "large.txt", part, Math.ceil(1e8 / part.length));
    await seen;
    await page.locator(".notes").waitFor({ timeout: 60_000 });
    expect(await page.locator(".notes").innerText()).toContain("The first 2,000,000 requests were taken");
    await page.keyboard.press("ArrowRight");
    await at(page, 1);
  });

  test("a file that is broken, or no trace, is told with its place, and another one replaces it", async () => {
    await using shown = await open(TWO);
    const { page } = shown;
    await at(page, 0);
    const choose = (name: string, text: string): Promise<void> =>
      page
        .locator("input[type=file]")
        .setInputFiles({ name, mimeType: "text/plain", buffer: Buffer.from(text) });
    const problem = page.locator(".problem");
    await choose("page.html", "<!doctype html>\n<p>Hello\n");
    await problem.getByText("page.html: this is not a trace, but").waitFor();
    await choose("a.csv", "time,key,size\n1,a,10\n2,b,many\n3,a,10\n");
    await problem.getByText('a.csv, line 3: the size "many" is not a number').waitFor();
    expect(await page.locator(".cache").count()).toBe(0);
    await page.getByLabel("leave broken records out").check();
    await page.getByText("1 broken record left out").waitFor();
    expect(await hashOf(page)).toContain("#file=a.csv&broken=skip&");
    await choose("b.csv", "7;x\n8;y\n9;x\n");
    await problem.getByText("which column is the key?").waitFor();
    await page.getByRole("textbox", { name: "columns" }).fill("key=2,time=1");
    await page.getByRole("textbox", { name: "columns" }).press("Enter");
    await page.getByText('first key "x"').waitFor();
    await page.getByLabel("What is asked for").selectOption("A scan alone");
    await page.locator(".cache").first().waitFor();
  });

  test("a trace that comes along is fetched when it is chosen", async () => {
    await using shown = await open("");
    const { page, messages } = shown;
    await page.locator(".cache").first().waitFor();
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await page.getByLabel("What is asked for").selectOption("Files that were worked on");
    await page.getByText("Read as csv").waitFor();
    expect(asked).toEqual(["/learn/traces/history.csv.gz"]);
    await page.keyboard.press("End");
    await page.locator(".controls", { hasText: "of 6,389, clock 7 d" }).waitFor();
    expect(messages).toEqual([]);
  });

  test("an origin and times to live are set, shown and counted, and steps go back over them", async () => {
    await using shown = await open(`${TWO}&at=300`, { reducedMotion: "reduce" });
    const { page, messages } = shown;
    await at(page, 300);
    await page.getByText("Time, origin and writes").click();
    const set = async (label: string, value: string): Promise<void> => {
      const field = page.getByRole("textbox", { name: label, exact: true });
      await field.fill(value);
      await field.press("Enter");
    };
    await set("requests a second", "20");
    await set("time to live", "5s");
    await set("jitter", "30%");
    await set("origin answers in", "120ms");
    await set("and fails", "10%");
    await until(async () =>
      (await hashOf(page)).includes("&ttl=5s&jitter=30%25&origin=120ms,10%25&rate=20&"),
    );
    await page.locator('[data-figure="failures-0"]').waitFor();
    await at(page, 300);
    expect(await page.locator(".controls .position").innerText()).toContain("clock 0:14.95");
    const figures = (): Promise<string[]> => page.locator(".costs .figure").allInnerTexts();
    const before = [await picture(page), await figures()];
    await page.locator(".controls").press("Shift+ArrowRight");
    await at(page, 310);
    expect(await figures()).not.toEqual(before[1]!);
    await page.locator(".controls").press("Shift+ArrowLeft");
    await at(page, 300);
    expect([await picture(page), await figures()]).toEqual(before);
    await set("and fails", "much");
    expect(await page.locator(".problem").innerText()).toContain('"much" is not a percentage');
    expect(await violations(page)).toEqual([]);
    expect(messages).toEqual([]);
  });

  test("an address that is wrong is told, and the rest holds", async () => {
    await using shown = await open("#caches=lur*20&seed=4&at=7");
    await at(shown.page, 7);
    expect(await shown.page.locator(".problem").innerText()).toContain(
      'unknown policy "lur": did you mean lru?',
    );
  });

  for (const [width, colorScheme] of [
    [360, "dark"],
    [1280, "light"],
  ] as const) {
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
      expect(await violations(page)).toEqual([]);
      expect(shown.messages).toEqual([]);
    });
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
    // A browser lets it fetch nothing from there.
    await shown.page.getByLabel("What is asked for").selectOption("The demo, recorded");
    await shown.page
      .locator(".problem")
      .getByText("drop the file traces/demo.rec.gz onto it instead")
      .waitFor();
  });
});
