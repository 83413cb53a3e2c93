/** Policies that readers write in the playground, in a real browser: what they see, and what code cannot reach. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Server } from "bun";
import type { Page } from "playwright-core";
import { ADMIN_LINKS, linked, pageFile, pageResponse } from "../src/admin/page.ts";
import { bundlePage } from "../src/admin/page-bundle.ts";
import { HIT } from "../web/play/cache-run.ts";
import { openRequests } from "../web/play/requests.ts";
import { Run } from "../web/play/run.ts";
import { readHash } from "../web/play/settings.ts";
import { chromiumProgram, type ShownPage, TestBrowser } from "./support/browser.ts";
import { TemporaryDirectory } from "./support/program.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(60_000);

const AXE = readFileSync(new URL("../node_modules/axe-core/axe.min.js", import.meta.url), "utf8");
const STREAM = "#workload=loop(n=1000,share=0.35,others=24,alpha=0.7)&requests=600&seed=4";
const ONE = `${STREAM}&caches=sieve*20&at=300&speed=3`;

/** First in, first out, but for these methods. */
function fifoBut(methods: string): string {
  return `class Policy {
  queue = [];
  insert(slot) { this.queue.push(slot); }
  hit(slot) {}
  evict() { return this.queue.shift() ?? 0; }
  remove(slot) { this.queue = this.queue.filter((each) => each !== slot); }
  ${methods}
}`;
}

const editor = (page: Page) => page.getByRole("textbox", { name: "Code of the policy" });
const problems = (page: Page) => page.locator(".written .problem");
const status = (page: Page) => page.locator(".written [role=status]");

async function run(page: Page, code?: string): Promise<void> {
  if (!(await editor(page).isVisible())) await page.getByText("Write a policy of your own").click();
  if (code !== undefined) await editor(page).fill(code);
  await page.getByRole("button", { name: "Run it" }).click();
}

describe.skipIf(!chromiumProgram.available)("a policy that is written in the page", () => {
  let browser: TestBrowser;
  /** Has the page as the admin port serves it; another has nothing. Both note what they are asked for. */
  let server: Server<undefined>;
  let elsewhere: Server<undefined>;
  const asked: string[] = [];
  beforeAll(async () => {
    browser = await TestBrowser.launch();
    const page = linked(await bundlePage("learn"), ADMIN_LINKS);
    server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request) {
        const { pathname } = new URL(request.url);
        if (pathname === "/learn") return pageResponse(page, request);
        asked.push(pathname);
        return new Response("{}");
      },
    });
    elsewhere = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch(request) {
        asked.push(request.url);
        return new Response("{}", { headers: { "access-control-allow-origin": "*" } });
      },
    });
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await Promise.all([server?.stop(true), elsewhere?.stop(true)]);
  });
  const open = (hash: string, options = {}): Promise<ShownPage> =>
    browser.open(`${server.url}learn${hash}`, { reducedMotion: "reduce", ...options });

  test("stands beside the others, misses what the built-in policy of its kind misses, and steps back", async () => {
    await using shown = await open(ONE);
    const { page, messages } = shown;
    await page.locator(".cache").waitFor();
    await run(page);
    await status(page).getByText("It keeps all rules, in 80 small trials and over 600 requests.").waitFor();
    const ratios = () => page.locator("[data-figure^=hit-ratio]").allInnerTexts();
    const tiles = () =>
      page
        .locator(".cache")
        .evaluateAll((caches) =>
          caches.map((cache) =>
            [...cache.querySelectorAll(".tile:not(.gone) .id")].map((tile) => tile.textContent).join(" "),
          ),
        );
    const check = async (): Promise<string> => {
      const [builtIn, own] = await ratios();
      expect(own).toBe(builtIn!);
      const [places, ownPlaces] = await tiles();
      expect(ownPlaces).toBe(places!);
      return `${own} ${ownPlaces}`;
    };
    const at = (position: number) =>
      page.locator(".controls output", { hasText: new RegExp(`^${position}$`) }).waitFor();
    const before = await check();
    await page.locator(".controls").press("ArrowRight");
    await at(301);
    await page.locator(".controls").press("ArrowRight");
    await at(302);
    expect(await check()).not.toBe(before);
    await page.locator(".controls").press("Shift+ArrowLeft");
    await at(292);
    await check();
    for (let position = 293; position <= 300; position++) {
      await page.locator(".controls").press("ArrowRight");
      await at(position);
    }
    expect(await check()).toBe(before);
    // As fast as it goes, and its curve.
    await page.getByLabel("Speed").selectOption("max");
    await page.getByRole("button", { name: "Play" }).click();
    await at(600);
    await check();
    await page
      .locator(".curve .prose", { hasText: "sieve misses 44.2 % and written misses 44.2 %" })
      .waitFor();
    await page.locator(".cache").nth(1).locator(".tile").first().click();
    await page.getByRole("heading", { name: /^Why .*, in written\?$/ }).waitFor();
    expect(messages).toEqual([]);
  });

  test("tells errors with their request and line, and leads to the line", async () => {
    await using shown = await open(ONE);
    const { page } = shown;
    await page.locator(".cache").waitFor();
    await run(page, fifoBut("hit(slot) {\n    if (++this.hits > 100) this.no.way();\n  }\n  hits = 0;"));
    await problems(page)
      .getByText(/^! At request [0-9]+, for [A-Z]: TypeError: .*way/)
      .waitFor();
    await page.locator(".cache").nth(1).getByText("! Stopped at request").waitFor();
    await page.getByRole("button", { name: "Line 8" }).click();
    const selected = (): Promise<string> =>
      page.evaluate(
        "((area) => area.value.slice(area.selectionStart, area.selectionEnd).trim())(document.activeElement)",
      );
    await until(async () => (await selected()) === "if (++this.hits > 100) this.no.way();");
    expect(await page.locator(".code-lines .wrong").allInnerTexts()).toEqual(["8"]);
    await run(page, `${fifoBut("")}\n\nfunction () {}`);
    await problems(page)
      .getByText(/In a small trial: SyntaxError: .*Line 10/s)
      .waitFor();
    await run(page, "class Policy { evict() {");
    await problems(page).getByText("something is not closed").waitFor();
    await run(page, fifoBut("evict() { return 7.5; }"));
    await problems(page)
      .getByText(/^! At request [0-9]+, for \S+: evict returned 7.5, which is no slot/)
      .waitFor();
    await run(page, fifoBut(""));
    await status(page).getByText("It keeps all rules").waitFor();
    expect(await problems(page).count()).toBe(0);
  });

  test("an endless loop is stopped at its request while the page goes on, and new code runs", async () => {
    const requests = await openRequests(readHash(STREAM).settings as Parameters<typeof openRequests>[0]);
    const fifo = new Run(requests, [{ policy: "fifo", size: 20, unit: "entries" }]);
    fifo.seek(600);
    const hits = [...fifo.caches[0]!.results.entries()].filter(([, result]) => result === HIT);
    await using shown = await open(ONE);
    const { page } = shown;
    await page.locator(".cache").waitFor();
    await page.evaluate(`(() => {
      let last = performance.now();
      globalThis.longestMs = 0;
      const frame = (now) => {
        globalThis.longestMs = Math.max(globalThis.longestMs, now - last);
        last = now;
        requestAnimationFrame(frame);
      };
      requestAnimationFrame(frame);
    })()`);
    await run(page, fifoBut("hits = 0; hit() { if (++this.hits > 200) for (;;); }"));
    await problems(page)
      .getByText(
        `At request ${hits[200]![0] + 1}, for ${requests.nameOf(requests.batch.objects[hits[200]![0]]!)}: no sign of life for 2 s`,
      )
      .waitFor();
    // Two loops of 2 s each have been waited for.
    expect(Number(await page.evaluate("globalThis.longestMs"))).toBeLessThan(2000);
    await run(page, "for (;;);\nclass Policy {}");
    await problems(page).getByText("In a small trial: no sign of life for 5 s").waitFor();
    await run(page, fifoBut("constructor() { for (;;); }"));
    await problems(page).getByText("In a small trial: no sign of life for 2 s").waitFor();
    await until(() => page.frames().length === 1);
    await run(page, fifoBut(""));
    await status(page).getByText("It keeps all rules").waitFor();
  });

  test("code of an address is shown, runs after a click alone, and asks again after a reload", async () => {
    await using shown = await open(ONE);
    await shown.page.locator(".cache").waitFor();
    await run(shown.page, fifoBut("// Héllo <b>&amp;</b>"));
    await status(shown.page).getByText("It keeps all rules").waitFor();
    const address = String(await shown.page.evaluate("location.href"));
    await using again = await browser.open(address);
    const { page } = again;
    await page.getByText("This code came with the address.").waitFor();
    expect(await editor(page).inputValue()).toContain("// Héllo <b>&amp;</b>");
    await page.locator(".cache").nth(1).getByText("Not run yet.").waitFor();
    // Neither steps nor sizes nor another cache run it.
    await page.locator(".controls").press("ArrowRight");
    await page.getByRole("textbox", { name: "entries" }).first().fill("19");
    await page.getByRole("textbox", { name: "entries" }).first().press("Enter");
    await page.getByLabel("Policy of cache 1").selectOption("written");
    await until(async () => (await page.getByText("Not run yet.").count()) === 2);
    expect([page.frames().length, await page.locator("iframe").count()]).toEqual([1, 0]);
    await page.getByRole("button", { name: "Run it" }).click();
    await status(page).getByText("It keeps all rules").waitFor();
    expect(await page.getByText("This code came with the address.").count()).toBe(0);
    await page.reload();
    await page.getByText("This code came with the address.").waitFor();
    await page.locator(".cache").nth(1).getByText("Not run yet.").waitFor();
    expect(page.frames().length).toBe(1);
    // What is typed stands in the address before it is run.
    const codeIn = () => page.evaluate("/code=[^&]*/.exec(location.hash)[0]");
    const before = await codeIn();
    await editor(page).fill(fifoBut("// more"));
    await until(async () => (await codeIn()) !== before);
    await page.reload();
    await until(async () => (await editor(page).inputValue()).includes("// more"));
    await page.goto("about:blank");
    await page.goto(`${address.slice(0, -40)}`);
    await page
      .locator(".play > .view > .problem", { hasText: "code: it is cut off or was changed" })
      .waitFor();
    expect([again.messages, shown.messages]).toEqual([[], []]);
  });

  describe("reaches nothing", () => {
    const attempts: readonly (readonly [what: string, code: string, error: string])[] = [
      ["request", "const x = new XMLHttpRequest(); x.open('GET', URL, false); x.send();", "NetworkError"],
      ["import", "importScripts(URL);", "NetworkError"],
      ["eval", "eval('1');", "EvalError"],
      ["storage", "localStorage.setItem('a', 'b');", "ReferenceError"],
      ["database", "indexedDB.open('a');", "SecurityError"],
      ["cookie", "document.cookie = 'a=b';", "ReferenceError"],
      ["page", "parent.document.title;", "ReferenceError"],
      ["image", "new Image().src = URL;", "ReferenceError"],
      ["beacon", "navigator.sendBeacon(URL, 'a');", "TypeError"],
      ["window", "open(URL);", "ReferenceError"],
      ["form", "new FormData(); document.forms;", "ReferenceError"],
    ];

    test("from its worker, at once: each attempt is an error in words", async () => {
      await using shown = await open(ONE);
      const { page } = shown;
      await page.locator(".cache").waitFor();
      asked.length = 0;
      for (const url of [`${server.url}api`, `${elsewhere.url}a`]) {
        const each = attempts.map(
          ([what, code]) =>
            `try { ${code.replaceAll("URL", JSON.stringify(url))} told.push("${what} went through"); } catch (e) { told.push("${what} " + e.name); }`,
        );
        await run(
          page,
          fifoBut(`constructor() { const told = []; ${each.join("\n")} throw new Error(told.join(" ")) }`),
        );
        const expected = attempts.map(([what, , error]) => `${what} ${error}`).join(" ");
        await problems(page).getByText(`Error: ${expected}`).first().waitFor();
        await run(page, fifoBut(""));
        await status(page).getByText("It keeps all rules").waitFor();
      }
      await run(page, fifoBut("constructor() { localStorage.clear(); }"));
      await problems(page)
        .getByText(/^! At request 1, for \S+: ReferenceError: localStorage is not defined/)
        .waitFor();
      expect(asked).toEqual([]);
    });

    test("from its worker and its frame, later", async () => {
      await using shown = await open(ONE);
      const { page } = shown;
      await page.locator(".cache").waitFor();
      await page.evaluate("localStorage.setItem('secret', 'told'); document.cookie = 'secret=told'");
      await run(page, fifoBut(""));
      await status(page).getByText("It keeps all rules").waitFor();
      asked.length = 0;
      const same = `${server.url}api`;
      const other = `${elsewhere.url}a`;
      const both = (url: string): string => `(async () => {
        const url = ${JSON.stringify(url)};
        const settled = async (attempt) => {
          try { return "reached: " + String(await attempt()); } catch (error) { return "refused"; }
        };
        const event = (make) => () => new Promise((resolve, reject) => {
          const target = make();
          target.onopen = target.onload = target.onmessage = resolve;
          target.onerror = reject;
        });
        return JSON.stringify({
          fetch: await settled(() => fetch(url)),
          blind: await settled(() => fetch(url, { mode: "no-cors", method: "POST", body: "a" })),
          socket: await settled(event(() => new WebSocket(url.replace("http", "ws")))),
          events: await settled(event(() => new EventSource(url))),
          import: await settled(() => import(url)),
          worker: await settled(event(() => new Worker(url))),
          data: await settled(() => import("data:text/javascript,export default 1")),
          caches: await settled(() => caches.open("a")),
          database: await settled(() => indexedDB.open("a")),
        });
      })()`;
      const refused = (told: unknown): [string, string][] =>
        Object.entries(JSON.parse(String(told)) as Record<string, string>).filter(
          ([, what]) => what !== "refused",
        );
      const sandboxes = page.workers().filter((worker) => worker.url().startsWith("blob:null"));
      expect(sandboxes.length).toBeGreaterThan(0);
      const frame = page.frames().find((each) => each !== page.mainFrame())!;
      for (const url of [same, other]) {
        for (const worker of sandboxes) expect(refused(await worker.evaluate(both(url)))).toEqual([]);
        expect(refused(await frame.evaluate(both(url)))).toEqual([]);
        const own = await frame.evaluate(`(async () => {
          const url = ${JSON.stringify(url)};
          const attempt = async (what) => {
            try { return String(await what()); } catch (error) { return "refused"; }
          };
          const loads = (element, name) => () => new Promise((resolve, reject) => {
            element.onload = () => resolve("loaded");
            element.onerror = reject;
            element[name] = url;
            document.documentElement.append(element);
          });
          return JSON.stringify({
            origin: await attempt(() => (self.origin === "null" ? "refused" : self.origin)),
            parent: await attempt(() => parent.document.title),
            top: await attempt(() => { top.location.href = url; }),
            hash: await attempt(() => parent.location.hash),
            storage: await attempt(() => localStorage.getItem("secret")),
            session: await attempt(() => sessionStorage.length),
            cookie: await attempt(() => document.cookie),
            window: await attempt(() => open(url) ?? "refused"),
            image: await attempt(loads(new Image(), "src")),
            script: await attempt(loads(document.createElement("script"), "src")),
            style: await attempt(loads(Object.assign(document.createElement("link"), { rel: "stylesheet" }), "href")),
            inline: await attempt(() => {
              const script = document.createElement("script");
              script.textContent = "globalThis.ran = 1";
              document.documentElement.append(script);
              return globalThis.ran ?? "refused";
            }),
          });
        })()`);
        expect(refused(own)).toEqual([]);
        await frame.evaluate(`(() => {
          navigator.sendBeacon(${JSON.stringify(url)}, "a");
          const form = Object.assign(document.createElement("form"), { action: ${JSON.stringify(url)}, method: "post" });
          document.documentElement.append(form);
          form.submit();
          const within = document.createElement("iframe");
          within.src = ${JSON.stringify(url)};
          document.documentElement.append(within);
        })()`);
      }
      expect(page.context().pages().length).toBe(1);
      // It goes elsewhere itself, which the page's own policy forbids.
      await frame.evaluate(`void setTimeout(() => { location.href = ${JSON.stringify(other)}; })`);
      await until(() => frame.isDetached() || frame.url() !== "about:srcdoc");
      expect(asked).toEqual([]);
      expect(String(await page.evaluate("location.pathname"))).toBe("/learn");
    });

    test("code that sends messages by itself is taken away", async () => {
      await using shown = await open(ONE);
      const { page } = shown;
      await page.locator(".cache").waitFor();
      const own =
        "const post = MessagePort.prototype.postMessage; MessagePort.prototype.postMessage = function (...sent) { for (let i = 0; i < 3; i++) post.call(this, sent[0]); };";
      await run(page, `${own}\n${fifoBut("")}`);
      await problems(page).getByText("it sends messages by itself, which a policy must not").waitFor();
      expect(await page.locator(".cache").count()).toBe(2);
      // Answers that are made up fail where they do not fit.
      const untrue =
        "const post = MessagePort.prototype.postMessage; MessagePort.prototype.postMessage = function (answer) { if (answer.victims) answer.victims.fill(99); post.call(this, answer); };";
      await run(page, `${untrue}\n${fifoBut("")}`);
      await page
        .locator(".play > .view > .problem", { hasText: "decisions do not fit the requests" })
        .waitFor();
      await run(page, fifoBut(""));
      await status(page).getByText("It keeps all rules").waitFor();
    });
  });

  test("is written and run by keyboard alone, which is not caught in the editor", async () => {
    await using shown = await open(ONE);
    const { page, messages } = shown;
    await page.locator(".cache").waitFor();
    await page.getByText("Write a policy of your own").focus();
    await page.keyboard.press("Enter");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Tab");
    const focused = () =>
      page.evaluate(
        "document.activeElement.getAttribute('aria-label') ?? document.activeElement.textContent",
      );
    expect(await focused()).toBe("Code of the policy");
    await page.keyboard.press("Control+a");
    await page.keyboard.type("class Policy {\nfirst = 1;\n\nevict() {\nreturn 1;");
    await page.keyboard.press("Tab");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Control+z");
    expect(await editor(page).inputValue()).toBe(
      "class Policy {\n  first = 1;\n  \n  evict() {\n    return 1;  ",
    );
    await page.keyboard.press("Control+Enter");
    await problems(page).getByText("something is not closed").waitFor();
    expect(await focused()).toBe("Code of the policy");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Tab");
    expect(await focused()).toBe("Run it");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("Escape");
    await page.keyboard.press("Shift+Tab");
    await page.keyboard.press("ArrowDown");
    // Its own code comes back.
    await page.getByRole("button", { name: "Take your code back" }).focus();
    await page.keyboard.press("Enter");
    await until(async () => (await editor(page).inputValue()).includes("first = 1"));
    expect(messages).toEqual([]);
  });

  for (const [width, colorScheme] of [
    [360, "dark"],
    [1280, "light"],
  ] as const) {
    test(`axe-core finds nothing in a ${colorScheme} page of ${width} px, and nothing is wider`, async () => {
      const viewport = { width, height: 900 };
      await using shown = await open(ONE, { viewport, colorScheme, reducedMotion: "reduce" });
      const { page } = shown;
      await page.locator(".cache").waitFor();
      await run(page, fifoBut(`evict() { return ${"long.".repeat(60)}x; }`));
      await problems(page).first().waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      await page.evaluate(AXE);
      const found = await page.evaluate(
        `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes[0].html]))`,
      );
      expect(found).toEqual([]);
    });
  }

  test("works as a file, without any server", async () => {
    using directory = new TemporaryDirectory();
    const path = join(directory.path, "index.html");
    writeFileSync(path, pageFile(await bundlePage("learn")));
    await using shown = await browser.open(`file://${path}${ONE}`);
    await shown.page.locator(".cache").waitFor();
    await run(shown.page);
    await status(shown.page).getByText("It keeps all rules").waitFor();
    expect(shown.messages).toEqual([]);
  });
});
