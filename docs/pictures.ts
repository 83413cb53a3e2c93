/**
 * Takes the pictures of docs/DASHBOARD.md and the README from the running demo: `npm run pictures`. Needs Chromium
 * (`chromium` in the path, or CHROMIUM), and two minutes.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { type Browser, chromium, type Page } from "playwright-core";

const ROOT = join(import.meta.dir, "..");
const IMAGES = join(import.meta.dir, "images");
/** Long enough for what-if to have something to tell. */
const WARM_UP_MS = 75_000;

interface Picture {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly scheme: "light" | "dark";
  /** The view to show; undefined: the top of the page. */
  readonly view?: string;
  prepare?(page: Page): Promise<void>;
}

const PICTURES: readonly Picture[] = [
  { name: "dashboard", width: 1280, height: 880, scheme: "light" },
  { name: "dashboard-dark", width: 1280, height: 880, scheme: "dark" },
  { name: "what-if", width: 1280, height: 1000, scheme: "light", view: "what-if", prepare: choosePolicy },
  { name: "inside", width: 1280, height: 1000, scheme: "light", view: "inside" },
  { name: "keys", width: 1280, height: 1000, scheme: "light", view: "keys" },
  { name: "time", width: 1280, height: 1000, scheme: "light", view: "time" },
  { name: "coherence", width: 1280, height: 1000, scheme: "light", view: "coherence" },
];

await using demo = await startDemo();
const browser = await chromium.launch({ executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium" });
try {
  await Bun.sleep(WARM_UP_MS);
  mkdirSync(IMAGES, { recursive: true });
  for (const picture of PICTURES) await take(browser, demo.url, picture);
} finally {
  await browser.close();
}

async function take(browser: Browser, url: string, picture: Picture): Promise<void> {
  const { name, width, height, scheme, view, prepare } = picture;
  const page = await browser.newPage({ viewport: { width, height }, colorScheme: scheme });
  await page.goto(url);
  await page.locator("#time .uplot").first().waitFor();
  await prepare?.(page);
  // It stays at the top of the window, and would lie over what is taller than that.
  await page.evaluate("document.querySelector('.head').style.position = 'static'");
  const target = view === undefined ? undefined : page.locator(`#${view}`);
  await target?.scrollIntoViewIfNeeded();
  await Bun.sleep(5000);
  const path = join(IMAGES, `${name}.png`);
  await (target === undefined ? page.screenshot({ path }) : target.screenshot({ path }));
  console.log(path);
  await page.close();
}

/** The second best, so that the sentence has something to tell. */
async function choosePolicy(page: Page): Promise<void> {
  await page.locator(".policies input").first().check();
}

async function startDemo(): Promise<AsyncDisposable & { readonly url: string }> {
  const ports = ["--server-port", "0", "--proxy-port", "0", "--admin-port", "0"];
  const program = Bun.spawn([join(ROOT, "bin/glasscache"), "demo", ...ports], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const url = Promise.withResolvers<string>();
  void (async () => {
    // Read to the end: the demo goes on writing.
    let output = "";
    for await (const bytes of program.stdout) {
      output += new TextDecoder().decode(bytes);
      const found = /dashboard: +(http:\S+)/.exec(output)?.[1];
      if (found !== undefined) url.resolve(found);
    }
    url.reject(new Error(`the demo tells no address of a dashboard:\n${output}`));
  })();
  return {
    url: await url.promise,
    async [Symbol.asyncDispose]() {
      program.kill("SIGINT");
      await program.exited;
    },
  };
}
