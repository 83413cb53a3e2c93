import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  chromium,
  type Page,
} from "playwright-core";
import { requireProgram } from "./requirements.ts";

const FLAGS = [
  ..."--no-sandbox --disable-gpu --no-first-run --disable-background-networking".split(" "),
  ..."--disable-component-update --disable-sync --disable-quic --disable-extensions".split(" "),
];

/** The one without windows takes half the time for each page. */
export const chromiumProgram = requireProgram("chromium-headless-shell", "chromium");

export interface PageOptions extends BrowserContextOptions {
  /** Whether the page's time passes only when the test says so: `page.clock.runFor`. */
  readonly hasOwnClock?: boolean;
}

/** A headless browser; pages remember what they wrote to the console, and their errors. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;
  /**
   * Contexts that no page is using, by their options. A new one opens a window, which takes several times as long as
   * a page.
   */
  readonly #free = new Map<string, BrowserContext[]>();

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async launch(): Promise<TestBrowser> {
    return new TestBrowser(await chromium.launch({ executablePath: chromiumProgram.path, args: FLAGS }));
  }

  async open(url: string, options: PageOptions = {}): Promise<ShownPage> {
    const { hasOwnClock = false, ...contextOptions } = options;
    const kind = JSON.stringify(options);
    const context =
      this.#free.get(kind)?.pop() ??
      (await this.#browser.newContext({ viewport: { width: 1280, height: 900 }, ...contextOptions }));
    const page = await context.newPage();
    if (hasOwnClock) await page.clock.install();
    const messages: string[] = [];
    page.on("console", (message) => messages.push(message.text()));
    page.on("pageerror", (error) => messages.push(error.stack ?? error.message));
    await page.goto(url);
    return { page, messages, [Symbol.asyncDispose]: () => this.#release(context, page, kind) };
  }

  /** Nothing that a page left behind is there for the next one. */
  async #release(context: BrowserContext, page: Page, kind: string): Promise<void> {
    // A page opened from a disk, or without scripts, may refuse.
    await page.evaluate("localStorage.clear(); sessionStorage.clear()").catch(() => {});
    await page.close();
    await context.clearCookies();
    this.#free.set(kind, [...(this.#free.get(kind) ?? []), context]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

export interface ShownPage extends AsyncDisposable {
  readonly page: Page;
  readonly messages: readonly string[];
}
