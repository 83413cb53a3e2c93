/** The dashboard in a real browser, over a real proxy with clients. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { InstrumentsThread } from "../src/admin/instruments-thread.ts";
import type {
  HistoryReport,
  HotKeysReport,
  Metric,
  QueuesReport,
  ToldSetting,
  WhatIfReport,
} from "../src/instruments/view.ts";
import { systemClock } from "../src/lib/clock.ts";
import { silentLog } from "../src/lib/log.ts";
import { type RunningProxy, startProxy } from "../src/proxy/start.ts";
import type { LessonName } from "../web/lessons/course.ts";
import { violations } from "./support/accessibility.ts";
import { chromiumProgram, TestBrowser } from "./support/browser.ts";
import { LocalServer } from "./support/local-server.ts";
import { Program, TemporaryDirectory } from "./support/program.ts";
import { RespClient } from "./support/resp-client.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(120_000);

const LAUNCHER = new URL("../bin/glasscache", import.meta.url).pathname;
const WORKER = new URL("../src/cli/instruments-worker.ts", import.meta.url);
const VIEWS = ["now", "what-if", "inside", "keys", "time", "coherence"];
const LONG_NAME = `${"a".repeat(100)}:${"b".repeat(99)}`;

/** A proxy in front of a server, with its instruments, and clients that read. */
class Bench implements AsyncDisposable {
  readonly server: LocalServer;
  readonly proxy: RunningProxy;
  readonly thread: InstrumentsThread;
  readonly #clients: RespClient[] = [];
  #isReading = true;

  private constructor(server: LocalServer, proxy: RunningProxy, thread: InstrumentsThread) {
    this.server = server;
    this.proxy = proxy;
    this.thread = thread;
  }

  static async start(): Promise<Bench> {
    const server = new LocalServer();
    const proxy = await startProxy({
      ...{
        host: "127.0.0.1",
        port: 0,
        origin: `127.0.0.1:${server.port}`,
        memoryBytes: 2 ** 20,
        instruments: true,
      },
      ...{ heartbeatMs: 100, heartbeatTimeoutMs: 2000 },
    });
    const thread = await InstrumentsThread.start({
      observed: proxy,
      settings: { policies: ["lru", "sieve"], budget: 0.2, originCost: 1, memoryCost: 1, metricsFamilies: 0 },
      admin: { host: "127.0.0.1", port: 0, openMetrics: false, adminHosts: [] },
      log: silentLog,
      worker: WORKER,
      clock: systemClock,
    });
    return new Bench(server, proxy, thread);
  }

  get url(): string {
    return `http://127.0.0.1:${this.thread.port}/`;
  }

  async get<T>(path: string): Promise<T> {
    return (await (await fetch(new URL(path, this.url))).json()) as T;
  }

  async figure(metric: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const { metrics } = await this.get<{ metrics: Metric[] }>("/api/counters");
    const samples = metrics.find(({ name }) => name === metric)?.samples ?? [];
    return samples
      .filter((sample) => Object.entries(labels).every(([label, value]) => sample.labels[label] === value))
      .reduce((sum, { value }) => sum + value, 0);
  }

  async policy(): Promise<string> {
    const { settings } = await this.get<{ settings: ToldSetting[] }>("/api/settings");
    return settings.find(({ name }) => name === "policy")!.value;
  }

  /** Reads keys of several families, a few hundred times a second, until the bench ends. */
  async read(keys: readonly string[]): Promise<void> {
    const client = await RespClient.connect({ port: this.proxy.port });
    this.#clients.push(client);
    const next = (function* () {
      for (let at = 0; ; at++) yield keys[Math.floor(keys.length * ((at * 0.618) % 1) ** 2)]!;
    })();
    void (async () => {
      while (this.#isReading) {
        for (let at = 0; at < 5; at++) await client.must("GET", next.next().value).catch(() => {});
        await Bun.sleep(10);
      }
    })();
  }

  async write(key: string, value: string): Promise<void> {
    const client = await RespClient.connect({ port: this.server.port });
    await client.must("SET", key, value);
    client.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isReading = false;
    for (const client of this.#clients) client.close();
    await this.proxy.close();
    await this.thread.close();
    await this.server[Symbol.asyncDispose]();
  }
}

const KEYS = Array.from({ length: 3000 }, (_, at) => (at % 3 === 0 ? `user:${at}:cart` : `product:${at}`));

/** What lessons show of the proxy that serves them; those that are not here show the same as one of these. */
const OWN_PARTS: Readonly<Partial<Record<LessonName, string>>> = {
  "cold-start": "[data-figure=own-hits-10min] .value:not(.unknown)",
  locality: "[data-figure=own-hit-time] .value:not(.unknown)",
  "too-small": "tbody tr:nth-child(4) td:nth-child(3)",
  memory: ".curves .present",
  "time-to-live": "[data-figure=own-expired] .value:not(.unknown)",
  "cold-key": "[data-figure=coalesced] .value:not(.unknown)",
  "write-race": "[data-figure=pushes] .value:not(.unknown)",
  "cut-wire": ".channels .span-of-proof",
  "write-rules": "[data-figure=own-written] .value:not(.unknown)",
};

/** What can be pressed and is lower than 24 px, links within sentences excepted. */
const SMALL_TARGETS = `[...document.querySelectorAll("button, input, a, summary, select")]
  .filter((element) => !element.closest(".hidden, .skip, p.prose, .judgement, label") && element.getClientRects().length > 0)
  .filter((element) => element.getBoundingClientRect().height < 23.5)
  .map((element) => element.outerHTML.slice(0, 80))`;

const shown = (page: Page, name: string): Promise<string> =>
  page.locator(`[data-figure="${name}"]`).first().innerText();

/** The first number in a text, without separators. */
const numberIn = (text: string): number =>
  Number((/-?[\d,]+(?:\.\d+)?/.exec(text.replace(/^[^\n]*\n/, "")) ?? ["unknown"])[0].replaceAll(",", ""));

describe.skipIf(!chromiumProgram.available)("the dashboard", () => {
  let browser: TestBrowser;
  let bench: Bench;

  beforeAll(async () => {
    browser = await TestBrowser.launch();
    bench = await Bench.start();
    const writer = await bench.server.client();
    await writer.must("MSET", ...KEYS.flatMap((key) => [key, "x".repeat(300)]));
    await bench.read([...KEYS, LONG_NAME, "odd\u202ename\n"]);
    await until(async () => (await bench.figure("glasscache_keys_read_total")) > 500, "clients have read");
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await bench?.[Symbol.asyncDispose]();
  });

  test("has data in every view, says nothing to the console, and asks nobody else", async () => {
    await using shownPage = await browser.open("about:blank");
    const { page, messages } = shownPage;
    const asked: string[] = [];
    page.on("request", (request) => asked.push(new URL(request.url()).origin));
    await page.goto(bench.url);
    for (const view of VIEWS) await page.locator(`#${view} :is(svg, canvas, table)`).first().waitFor();
    await page.locator("#keys table").first().waitFor();
    await page.locator(".say b").first().waitFor();
    await page.locator(".verdict.well").waitFor();
    expect(await page.locator("nav a").allInnerTexts()).toEqual([
      "Now",
      "What if",
      "Inside",
      "Keys",
      "Time",
      "Coherence",
      "Learn",
    ]);
    expect(messages).toEqual([]);
    expect(new Set(asked.filter((origin) => origin !== "null"))).toEqual(
      new Set([new URL(bench.url).origin]),
    );
  });

  test("shows the figures that the API tells", async () => {
    await using shownPage = await browser.open(bench.url);
    const { page } = shownPage;
    await page.locator("[data-figure=memory]").waitFor();
    // Each figure moves on between the two questions, so it is asked again until both agree.
    const agrees = (name: string, told: () => Promise<number>, tolerance: number) =>
      until(async () => {
        const before = await told();
        const seen = numberIn(await shown(page, name));
        const after = await told();
        const [least, most] = [Math.min(before, after), Math.max(before, after)];
        return seen >= least * (1 - tolerance) - 0.06 && seen <= most * (1 + tolerance) + 0.06;
      }, `${name} agrees with the API`);
    const pastRatio = async (steps: number) => {
      const past = await bench.get<HistoryReport>(`/api/history?from=-${steps * 1000}`);
      const sum = (result: string) =>
        past.series
          .find(({ name, labels }) => name === "glasscache_keys_read_total" && labels["result"] === result)!
          .values.reduce<number>((total, value) => total + (value ?? 0), 0);
      return (100 * sum("hit")) / (sum("hit") + sum("miss"));
    };
    await agrees("hit-ratio-1min", () => pastRatio(60), 0.01);
    await agrees("hit-ratio-10min", () => pastRatio(600), 0.01);
    await agrees("staleness-bound", () => bench.figure("glasscache_staleness_bound_seconds"), 0.001);
    const used = async () =>
      ((await bench.figure("glasscache_memory_limit_bytes")) -
        (await bench.figure("glasscache_memory_bytes", { kind: "free" }))) /
      1024;
    await agrees(
      "memory",
      async () => ((await used()) >= 999.5 ? (await used()) / 1024 : await used()),
      0.01,
    );
    const perSecond = async (metric: string, labels = {}) => {
      const past = await bench.get<HistoryReport>("/api/history?from=-10000");
      const values = past.series.find(
        ({ name, labels: own }) =>
          name === metric && (labels as Record<string, string>)["result"] === own["result"],
      )!.values;
      const known = values.filter((value) => value !== null);
      return known.reduce((sum, value) => sum + value, 0) / known.length;
    };
    const reads = async () =>
      (await perSecond("glasscache_keys_read_total", { result: "hit" })) +
      (await perSecond("glasscache_keys_read_total", { result: "miss" }));
    await agrees("reads", reads, 0.1);
    const whatIf = await bench.get<WhatIfReport>("/api/what-if");
    expect(await page.locator(".policies label").count()).toBe(whatIf.curves.length);
    const hot = await bench.get<HotKeysReport>("/api/hot?count=1");
    const first = hot.keys[0]!.key;
    await page.locator("#keys").scrollIntoViewIfNeeded();
    const title = "text" in first ? first.text : first.base64;
    await page.locator(`#keys .hot .key[title="${title}"]`).first().waitFor();
  });

  test("lessons that the proxy serves show its traffic", async () => {
    const width = 360;
    await using shownPage = await browser.open("about:blank", { viewport: { width, height: 900 } });
    const { page, messages } = shownPage;
    for (const [lesson, part] of Object.entries(OWN_PARTS)) {
      const { href } = new URL(`/learn/${lesson}`, bench.url);
      // A page is made when it is first asked for; on an overloaded machine that takes longer than a connection waits.
      const isMade = () =>
        fetch(href).then(
          ({ ok }) => ok,
          () => false,
        );
      await until(isMade, `${lesson} is made`);
      await page.goto(href);
      const own = page.locator("#own-live");
      await own.scrollIntoViewIfNeeded();
      await own.locator(part).first().waitFor();
      expect([lesson, await page.evaluate("document.documentElement.scrollWidth")]).toEqual([lesson, width]);
      // Each view that the text names is there.
      for (const target of await page.locator('#own a[href^="/#"]').all())
        expect(VIEWS).toContain((await target.getAttribute("href"))!.slice(2));
      if (["memory", "too-small", "cut-wire"].includes(lesson)) {
        expect([lesson, await violations(page)]).toEqual([lesson, []]);
      }
    }
    expect(messages).toEqual([]);
  });

  test("can be used with the keyboard alone", async () => {
    await using shownPage = await browser.open(bench.url);
    const { page, messages } = shownPage;
    await page.locator(".say b").first().waitFor();
    await page.keyboard.press("Tab");
    expect(await page.evaluate("document.activeElement.textContent")).toBe("Skip to the figures");
    const reach = async (selector: string): Promise<void> => {
      for (let presses = 0; presses < 200; presses++) {
        if (await page.locator(`${selector}:focus`).count()) return;
        await page.keyboard.press("Tab");
      }
      throw new Error(`${selector} cannot be reached with Tab`);
    };
    await reach(".tools button");
    await page.keyboard.press("Enter");
    await page.locator("html.explain").waitFor();
    expect(await page.locator(".figure .says").first().isVisible()).toBe(true);
    await page.keyboard.press("Enter");
    await reach(".figure");
    await page.locator("#tip").waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#tip").waitFor({ state: "detached" });
    await reach(".sizes");
    const before = await page.locator(".say").innerText();
    for (let presses = 0; presses < 10; presses++) await page.keyboard.press("ArrowRight");
    expect(await page.locator(".say").innerText()).not.toBe(before);
    await reach(".policies input");
    await page.keyboard.press("ArrowDown");
    await page.locator(".apply button.main:not([disabled])").waitFor();
    await reach(".tile");
    const idOf = () => page.evaluate("document.activeElement.dataset.id");
    const first = await idOf();
    await page.keyboard.press("ArrowRight");
    const second = await idOf();
    expect(second).not.toBe(first);
    await page.locator("#inside").getByText("Movement waits").waitFor();
    await page.keyboard.press("Enter");
    await page.locator("#inside .biography .prose").first().waitFor();
    await page.keyboard.press("Escape");
    await page.locator("#inside .biography").waitFor({ state: "detached" });
    expect(await idOf()).toBe(second);
    await reach(".open");
    await page.keyboard.press("Enter");
    await page.locator(".biography .events, .biography .prose").first().waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".biography").waitFor({ state: "detached" });
    await reach(".time-chart");
    await page.keyboard.press("ArrowLeft");
    await page.locator("#time .choices").getByText(/^at /).waitFor();
    expect(messages).toEqual([]);
  });

  // Contrast depends on the colours, and what overlaps on the width.
  test.each([
    ["dark", 360],
    ["light", 1280],
  ] as const)("has nothing that keeps people out, %s, at %d px", async (colorScheme, width) => {
    await using shownPage = await browser.open(bench.url, { colorScheme, viewport: { width, height: 900 } });
    const { page } = shownPage;
    await page.locator(".say b").first().waitFor();
    await page.locator("#time .time-chart").first().waitFor();
    expect(await violations(page)).toEqual([]);
  });

  test.each([360, 720, 1280, 2560])(
    "is never wider than a window of %d px, whatever keys are called",
    async (width) => {
      const client = await RespClient.connect({ port: bench.proxy.port });
      for (let reads = 0; reads < 400; reads++) await client.must("GET", LONG_NAME);
      client.close();
      await using shownPage = await browser.open(bench.url, { viewport: { width, height: 900 } });
      const { page } = shownPage;
      // Views beyond the screen stand still.
      await page.locator("#keys").scrollIntoViewIfNeeded();
      await page.locator("#keys .hot").first().getByText("b".repeat(10)).first().waitFor();
      await page.locator("#time .time-chart").first().waitFor();
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(width);
      const small = await page.evaluate(SMALL_TARGETS);
      expect(small).toEqual([]);
    },
  );

  test("changes the policy, says when, and changes it back", async () => {
    await using shownPage = await browser.open(bench.url);
    const { page } = shownPage;
    await page.locator(".policies input[value=sieve]").check();
    await page.locator(".apply button.main").click();
    await page.locator(".applied").getByText("The policy is sieve now").waitFor();
    await until(async () => (await bench.policy()) === "sieve", "the policy is sieve");
    await page.locator("#time").scrollIntoViewIfNeeded();
    await page.locator("#time .marks li").first().getByText("sieve").waitFor();
    await page.getByRole("button", { name: "Undo: back to s3-fifo" }).click();
    await until(async () => (await bench.policy()) === "s3-fifo", "the policy is s3-fifo again");
  });

  test("shows the queues that the API tells, and moves only when it may", async () => {
    await using shownPage = await browser.open(bench.url, { reducedMotion: "reduce" });
    const { page } = shownPage;
    const tiles = page.locator("#inside .tile[data-id]:not(.gone)");
    const button = (name: string) => page.locator("#inside").getByRole("button", { name });
    await page.locator("#inside").scrollIntoViewIfNeeded();
    await tiles.first().waitFor();
    // Readers who want less motion begin with everything at rest.
    expect(await button("Pause").getAttribute("aria-pressed")).toBe("true");
    const asked: QueuesReport[] = [];
    // The browser forgets the body of a response soon, so it is read on its way to the page.
    await page.route("**/api/queues*", async (route) => {
      const response = await route.fetch();
      const report = (await response.json()) as QueuesReport;
      await route.fulfill({ response });
      asked.push(report);
    });
    await button("One step").click();
    await until(() => Promise.resolve(asked.length === 1), "one step asks once");
    const { queues } = asked[0]!;
    const members = queues.flatMap(({ members }) => members);
    const shownIds = async () =>
      (await page.evaluate(
        "[...document.querySelectorAll('#inside .tile[data-id]:not(.gone)')].map((tile) => tile.dataset.id).sort()",
      )) as string[];
    const ids = members.map(({ id }) => id).sort();
    await until(async () => Bun.deepEquals(await shownIds(), ids), "there is a tile for each member");
    const next = queues.find(({ members }) => members.length > 0)!.members[0]!;
    expect(await page.locator(`#inside .tile[data-id="${next.id}"]`).getAttribute("class")).toContain("next");
    expect(await page.locator("#inside tbody tr").count()).toBe(members.length);
    await button("Pause").click();
    await until(() => Promise.resolve(asked.length > 3), "the queues are read again and again");
    // Keys are read all the time.
    await until(
      async () => (await page.locator("#inside .happenings li").count()) > 0,
      "it says what happens",
    );
    await button("Pause").click();
    const read = asked.length;
    await button("One step").click();
    await until(() => Promise.resolve(asked.length > read), "another step");
    await page.unrouteAll({ behavior: "wait" });
  });

  test("watches a key, tells its story, and stops", async () => {
    await using shownPage = await browser.open(bench.url);
    const { page } = shownPage;
    await page.locator(".find input").fill("watched:1");
    await page.locator(".find").getByRole("button", { name: "Show its story" }).click();
    const story = page.locator(".biography");
    await story.getByRole("button", { name: "Watch: keep its whole story" }).click();
    await story.getByText("it is watched").waitFor();
    await bench.write("watched:1", "value");
    const client = await RespClient.connect({ port: bench.proxy.port });
    await client.must("GET", "watched:1");
    await client.must("GET", "watched:1");
    client.close();
    await story.locator(".mark.miss").first().waitFor();
    await story.locator(".mark.fill").first().waitFor();
    await story.locator(".mark.hit").first().waitFor();
    await story.getByRole("button", { name: "Stop watching" }).click();
    await story.getByRole("button", { name: "Watch: keep its whole story" }).waitFor();
  });

  test("is saved as one file that opens without the service, and shows the same", async () => {
    using directory = new TemporaryDirectory();
    const file = join(directory.path, "saved.html");
    await using shownPage = await browser.open(bench.url);
    const { page } = shownPage;
    await page.locator(".say b").first().waitFor();
    const download = page.waitForEvent("download");
    const names = () => page.locator("#keys .families .key").allInnerTexts();
    const before = await names();
    await page.getByRole("button", { name: "Save" }).click();
    await (await download).saveAs(file);
    await using savedPage = await browser.open(`file://${file}`, { offline: true });
    await savedPage.page.locator(".say b").first().waitFor();
    await savedPage.page.locator("#time .time-chart").first().waitFor();
    await savedPage.page
      .locator(".when")
      .getByText(/^saved /)
      .waitFor();
    expect(await savedPage.page.locator("#keys .families .key").allInnerTexts()).toEqual(before);
    expect(Number.isFinite(numberIn(await shown(savedPage.page, "hit-ratio-1min")))).toBe(true);
    expect(savedPage.messages).toEqual([]);
    expect(await savedPage.page.getByRole("button", { name: "Save" }).count()).toBe(0);
  });

  test("says that it is not live when the stream breaks, and catches up", async () => {
    await using shownPage = await browser.open(bench.url);
    const { page } = shownPage;
    await page.locator(".verdict.well").waitFor();
    await bench.thread.kill();
    await page.locator(".verdict.lost").waitFor();
    expect(await page.locator("main").getAttribute("class")).toBe("lost");
    await page.locator(".verdict:not(.lost)").waitFor({ timeout: 60_000 });
    const reads = await shown(page, "reads");
    await until(async () => (await shown(page, "reads")) !== reads, "figures move again");
  });

  test("says what is wrong when the origin is down", async () => {
    await using other = await Bench.start();
    await using shownPage = await browser.open(other.url);
    const { page } = shownPage;
    await page.locator(".verdict.begun").waitFor();
    await page.locator("#now").getByText("of the 100 reads that a ratio needs").waitFor();
    await page.locator("#what-if .awaited").waitFor();
    await other.server[Symbol.asyncDispose]();
    await page.locator(".verdict.alarm h1").waitFor();
    expect(await page.title()).toStartWith("(!) ");
  });

  test("shows of a server what applies to it", async () => {
    const args = ["server", "--port", "0", "--admin", "127.0.0.1:0", "--engine", "memory"];
    let port = 0;
    // The admin port is told after the server's own.
    const started = await Program.start([LAUNCHER, ...args], (line) => {
      const told = JSON.parse(line) as { ready?: { port: number }; admin?: { port: number } };
      port = told.ready?.port ?? port;
      return told.admin?.port;
    });
    await using _program = started.program;
    const client = await RespClient.connect({ port });
    await client.must("SET", "a", "1");
    for (let reads = 0; reads < 200; reads++) await client.must("GET", "a");
    client.close();
    await using shownPage = await browser.open(`http://127.0.0.1:${started.ready}/`);
    const { page, messages } = shownPage;
    await page.locator("#time .uplot").first().waitFor();
    await page.locator("#now").getByText("Reads that found their key").first().waitFor();
    expect(await page.locator("nav a").allInnerTexts()).toEqual(["Now", "Time", "Learn"]);
    expect(await page.locator(".view").count()).toBe(2);
    // Its lessons name no view that only a proxy has.
    await page.goto(`http://127.0.0.1:${started.ready}/learn/scan`);
    await page.getByText("A proxy that serves this page shows what LRU").waitFor();
    expect(await page.locator('#own-live, #own a[href^="/#"]').count()).toBe(0);
    await page.getByRole("link", { name: "Docs" }).click();
    await page.getByRole("link", { name: "The dashboard" }).click();
    await until(
      async () => Number(await page.evaluate("document.querySelector('article img').naturalWidth")) > 100,
    );
    expect(messages).toEqual([]);
  });
});
