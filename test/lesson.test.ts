/** The lessons in a real browser: predict, run, explain, change, and one more question. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import type { Page } from "playwright-core";
import { writeSite } from "../packages/site/site.ts";
import { LESSONS, type LessonName } from "../web/lessons/course.ts";
import { violations } from "./support/accessibility.ts";
import { chromiumProgram, TestBrowser } from "./support/browser.ts";
import { TemporaryDirectory } from "./support/program.ts";
import { until } from "./support/until.ts";

setDefaultTimeout(120_000);

/** What a reader does in a lesson, and reads there. The lesson's own test holds its figures to the simulator's. */
interface Walk {
  /** The guess that all sliders at their right ends make. */
  readonly guess: string;
  /** What the explanation then says. */
  readonly told: readonly string[];
  /** The slider of the one thing, and what it says at its left end; or what else the reader changes. */
  readonly change: readonly [slider: RegExp, least: string] | ((page: Page) => Promise<void>);
  readonly wrong: RegExp;
  readonly hint: string;
  readonly right: RegExp;
  /** What stands in the answer. */
  readonly answer: string;
  /** Whether the playground shows the run; it does if nothing else is said. */
  readonly isInPlayground?: boolean;
}

const WALKS: Readonly<Record<LessonName, Walk>> = {
  "cold-start": {
    guess: "20",
    told: ["You said 20, it was 13. There is a copy only of what was fetched before", "20 − 7 = 13"],
    change: [/requests since the start/, "After 1 request: 0 hits so far, 0 %."],
    wrong: /^All of them/,
    hint: "But somebody filled the cache before.",
    right: /^None/,
    answer: "the store answered 10 requests",
  },
  locality: {
    guess: "20",
    told: ["You said 20, it was 14.", "usually came again after 12 different others"],
    change: [
      /the way to the store/,
      "The store is on the same machine: without a cache a request takes 0.32 ms",
    ],
    wrong: /^It has five requests/,
    hint: "It never sees hits.",
    right: /^It has half as much/,
    answer: "10 of 100 before, 5 of 100 now",
  },
  "too-small": {
    guess: "20,20,20",
    told: ["FIFO: you said 20, it was 12.", "LRU: you said 20, it was 15.", "CLOCK: you said 20, it was 14."],
    change: [/^places/, "With one place there is nothing to choose."],
    wrong: /^About 60/,
    hint: "But which six?",
    right: /^None/,
    answer: "The run counts 0 hits",
  },
  scan: {
    guess: "20,20",
    told: [
      "LRU: you said 20, it was 9. That they had been asked for all day",
      "S3-FIFO: you said 20, it was 19.",
    ],
    change: [/strangers in the scan/, "A scan of 0: LRU 20 of 20, S3-FIFO 20 of 20."],
    wrong: /^All of them/,
    hint: "Not this time.",
    right: /^At most the few/,
    answer: "answers 65 of the regulars’ 72",
  },
  popularity: {
    guess: "40,40,40",
    told: [
      "LFU: you said 40, it was 12.",
      "LFU-DA: you said 40, it was 22.",
      "LRU: you said 40, it was 29.",
      "3 of the old favourites were left",
    ],
    change: [/a new favourite/, "Without climbing it would have 5.6. The best is LRU."],
    wrong: /^LRU/,
    hint: "Look at the row of yesterday",
    right: /^LFU:/,
    answer: "The same rule is the best and the worst.",
  },
  optimum: {
    guess: "20,20",
    told: ["LRU: you said 20, it was 8.", "Belady: you said 20, it was 15. Even with the whole future known"],
    change: [
      /^places/,
      "5 places for 400 keys. Hits of 100 requests: LRU 7, S3-FIFO 18, W-TinyLFU 17, Belady 25.",
    ],
    wrong: /^Another policy/,
    hint: "how many of them could the best policy of all avoid",
    right: /^More memory/,
    answer: "lie two requests of a hundred",
  },
  memory: {
    guess: "100",
    told: ["You said 100, it was 61.", "From 60 places to 70 misses fall from 61 to 12"],
    change: [/^places/, "5 places. Misses of 100 requests: LRU 85"],
    wrong: /^Half to each/,
    hint: "where the curve goes from there",
    right: /^All of it to the first/,
    answer: "Where a curve is steep",
  },
  "cold-key": {
    guess: "1000",
    told: [
      "You said 1000, it was 412. Whoever came after the first answer was back had a hit.",
      "412 questions, 824 commands",
      "411 more asked for the same key",
      "clients were told that it failed",
    ],
    change: [/the way to the origin/, "10 of 1,000 clients ask"],
    wrong: /^Twice as many, with either/,
    hint: "what does one more client do?",
    right: /^Twice as many where every miss asks/,
    answer: "835 in this run, and 412 before",
  },
  "cut-wire": {
    guess: "13",
    told: [
      "You said 13 s, it was 2.1 s. The heartbeat does not let it become more than 3 s.",
      "The old price was read 21 times, for 2.1 s",
      "the old price was read for up to 2.9 s",
      "a busy origin and a dead wire look the same",
    ],
    change: async (page) => {
      await page.getByRole("slider", { name: "Silence is noticed after" }).press("Home");
      await page.locator(".wire > .prose", { hasText: "It cannot be longer than 1.1 s" }).waitFor();
    },
    wrong: /^One second/,
    hint: "just after the last answer",
    right: /^Six seconds/,
    answer: "the old price was read for up to 5.9 s",
    isInPlayground: false,
  },
  "write-race": {
    guess: "164",
    told: ["You said 164, it was 40.", "Orders that leave an old price in the cache: none."],
    change: async (page) => {
      for (const move of [/^Ana asks/, /^The question/, /^Ben writes/, /^The answer tea = 3/]) {
        await page.getByRole("button", { name: move }).press("Enter");
      }
      await page.locator(".last-step", { hasText: "does not keep it" }).waitFor();
      expect(await page.evaluate("location.hash")).toBe("#guess=164&order=AoBp");
    },
    wrong: /^To be sooner/,
    hint: "the old price is the right one",
    right: /^Because a question/,
    answer: "would be thrown away for nothing",
    isInPlayground: false,
  },
  "time-to-live": {
    guess: "250",
    told: ["You said 250, it was 169. There are only 200 pages.", "31 pages nobody wanted"],
    change: [/^jitter/, "No jitter: the busiest second has 169 questions"],
    wrong: /^Jitter/,
    hint: "This is one entry; it still expires",
    right: /^Readers who find/,
    answer: "Two herds have two remedies.",
  },
  "write-rules": {
    guess: "30,30,30",
    told: [
      "Write-around: you said 30, it was 0. This cache says yes when the origin has the bid.",
      "Write-back: you said 30, it was 12.",
      "12 bids of the 46 that had been confirmed are lost, for lots A, B and D",
    ],
    change: [/the plug is pulled/, "Pulled after 230 ms: write-back loses 3 confirmed bids"],
    wrong: /^Write-around/,
    hint: "That spares the cache, not the origin.",
    right: /^Write-back/,
    answer: "It would be the wrong rule for the auction.",
  },
  "own-traffic": {
    guess: "100,100",
    told: [
      "S3-FIFO, 100 places: you said 100, it was 67.",
      "LRU, 800 places: you said 100, it was 58.",
      "With S3-FIFO 67 miss: 5 fewer",
    ],
    change: [/^places/, "25 places. Misses of 100 reads: LRU 78, S3-FIFO 71"],
    wrong: /^A cache is of no use/,
    hint: "most keys had no time to come twice",
    right: /^Record for longer/,
    answer: "they hide what a cache is worth",
  },
};

describe.skipIf(!chromiumProgram.available)("the lessons", () => {
  const directory = new TemporaryDirectory();
  let browser: TestBrowser;
  beforeAll(async () => {
    await writeSite(directory.path, [
      "lessons",
      ...LESSONS.map((lesson) => `lesson-${lesson.name}` as const),
    ]);
    browser = await TestBrowser.launch();
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  const urlOf = (file: string): string => `file://${join(directory.path, file)}`;

  for (const { name, title } of LESSONS) {
    const walk = WALKS[name];
    const url = urlOf(`${name}.html`);

    test(`${title}: is complete without a script`, async () => {
      await using shown = await browser.open(url, { javaScriptEnabled: false });
      const { page } = shown;
      await page.locator("details.answer summary").click();
      const text = await page.locator("main").innerText();
      for (const part of ["What happened, and why", "One more question", walk.answer]) {
        expect(text).toContain(part);
      }
      // What is told of the run, but for what the reader said.
      for (const part of walk.told.filter((each) => !/you said/i.test(each))) expect(text).toContain(part);
      expect(text).not.toContain("This part opens");
      expect(await page.locator("#change tbody tr").count()).toBeGreaterThan(5);
      expect(shown.messages).toEqual([]);
    });

    for (const [width, colorScheme] of [
      [360, "dark"],
      [1280, "light"],
    ] as const) {
      test(`${title}: can be walked through by keyboard alone, with less motion, at ${width} px`, async () => {
        await using shown = await browser.open(url, {
          viewport: { width, height: 900 },
          reducedMotion: "reduce",
          colorScheme,
        });
        const { page, messages } = shown;
        await walkThrough(page, walk);
        expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
        expect(await violations(page)).toEqual([]);
        expect(messages).toEqual([]);
        if (walk.isInPlayground === false) return;
        const link = await page.getByRole("link", { name: /in the playground$/ }).getAttribute("href");
        expect(link).toMatch(/\/playground\.html#(typed|workload|trace)=/);
      });
    }

    test(`${title}: moves by itself to its question, and runs once a guess is kept`, async () => {
      // The page's time goes as fast as the browser can.
      await using shown = await browser.open(url, { hasOwnClock: true });
      const { page } = shown;
      const keep = page.getByRole("button", { name: /^Keep my guess/ });
      // Not before somebody sees it.
      await page.getByRole("button", { name: "Play" }).waitFor();
      await page.locator("#stage").evaluate((stage) => stage.scrollIntoView());
      await page.getByRole("button", { name: "Pause" }).waitFor();
      while (!(await keep.isVisible())) await page.clock.runFor(1000);
      expect(await page.locator("#explained .told").isVisible()).toBe(false);
      const position = await page.evaluate("document.querySelector('.phase').textContent");
      await keep.click();
      while ((await page.evaluate("document.querySelector('.phase').textContent")) === position) {
        await page.clock.runFor(100);
      }
      await page.getByRole("button", { name: "Pause" }).click();
      await page.getByRole("button", { name: "Play" }).waitFor();
      // What has moved by then is drawn by the page's time alone.
      await page.clock.runFor(1000);
      const where = async (): Promise<number> =>
        Number(/\d+/.exec(await page.locator(".acts .label").innerText())![0]);
      const before = await where();
      await page.getByRole("button", { name: "Step back" }).click();
      await until(async () => {
        await page.clock.runFor(100);
        return (await where()) === before - 1;
      });
      // What lies behind does not move.
      expect(await page.locator(".cache:not(.jump)").count()).toBe(0);
      expect(shown.messages).toEqual([]);
    });
  }

  test("a guess is kept in the address, and shown to whoever opens it", async () => {
    await using shown = await browser.open(`${urlOf("scan.html")}#guess=3,18`, { reducedMotion: "reduce" });
    const { page } = shown;
    for (const phase of ["A quiet day has passed", "stranger 12 of 24", "stranger 24 of 24", "is over"]) {
      await page.getByRole("button", { name: "Next moment" }).press("Enter");
      await page.getByText(phase).waitFor();
    }
    await page.getByText("LRU: you said 3, it was 9.").waitFor();
    await page.getByRole("button", { name: "Begin again, with a new guess" }).press("Enter");
    await page.getByRole("button", { name: /^Keep my guess/ }).waitFor();
    expect(await page.locator("#explained .told").isVisible()).toBe(false);
    expect(await page.evaluate("location.hash")).toBe("");
    // One that cannot be is none.
    await using wrong = await browser.open(`${urlOf("scan.html")}#guess=3,21`, { reducedMotion: "reduce" });
    await wrong.page.getByRole("button", { name: "Next moment" }).press("Enter");
    await wrong.page.getByRole("button", { name: /^Keep my guess/ }).waitFor();
  });

  test("an entry that is pressed says why it is there", async () => {
    await using shown = await browser.open(urlOf("too-small.html"), { reducedMotion: "reduce" });
    await shown.page.locator("#stage .tile").first().press("Enter");
    await shown.page.getByRole("status").getByText("is in the queue").waitFor();
  });

  test("the list names all lessons in order, and each leads to the next", async () => {
    await using shown = await browser.open(urlOf("lessons.html"), { javaScriptEnabled: false });
    const { page } = shown;
    expect(await page.locator(".lessons a").allInnerTexts()).toEqual(LESSONS.map(({ title }) => title));
    await page.locator(".lessons a").first().click();
    for (const { title } of LESSONS.slice(1)) {
      expect(await page.locator(".course .after").innerText()).toContain(title);
      await page.locator(".course .after").click();
      expect(await page.locator("h1").innerText()).toBe(title);
    }
    expect(await page.locator(".course .after").count()).toBe(0);
    await using wide = await browser.open(urlOf("scan.html"), { viewport: { width: 2560, height: 900 } });
    const lefts = await wide.page.evaluate(
      "['h1', '#change h2', '.course'].map((part) => document.querySelector(part).getBoundingClientRect().left)",
    );
    expect(new Set(lefts as number[]).size).toBe(1);
    await using styled = await browser.open(urlOf("lessons.html"), { viewport: { width: 360, height: 900 } });
    expect(await styled.page.evaluate("document.documentElement.scrollWidth")).toBe(360);
    expect(await violations(styled.page)).toEqual([]);
  });
});

async function walkThrough(page: Page, walk: Walk): Promise<void> {
  const next = page.getByRole("button", { name: "Next moment" });
  const keep = page.getByRole("button", { name: /^Keep my guess/ });
  await next.waitFor();
  while (!(await keep.isVisible())) await next.press("Enter");
  for (const slider of await page.locator("#stage .guess input").all()) await slider.press("End");
  await keep.press("Enter");
  expect(await page.evaluate("location.hash")).toBe(`#guess=${walk.guess}`);
  const explained = page.locator("#explained .told");
  while (!(await explained.isVisible())) await next.press("Enter");
  const told = await explained.innerText();
  for (const part of walk.told) expect(told).toContain(part);

  if (typeof walk.change === "function") {
    await walk.change(page);
  } else {
    const [slider, least] = walk.change;
    await page.getByRole("slider", { name: slider }).press("Home");
    await page.locator(".lines .prose", { hasText: least }).waitFor();
  }
  await page.getByRole("radio", { name: walk.wrong }).press("Space");
  await page.getByText(walk.hint).waitFor();
  await page.getByRole("radio", { name: walk.right }).press("Space");
  await page.getByText("That is right.").waitFor();
  await page.locator("details.answer").getByText(walk.answer).waitFor();
}
