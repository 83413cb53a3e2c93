import { type Browser, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { requireProgram } from "./requirements.ts";

const FLAGS = [
  ..."--no-sandbox --disable-gpu --no-first-run --disable-background-networking".split(" "),
  ..."--disable-component-update --disable-sync --disable-quic --disable-extensions".split(" "),
];

export const chromiumProgram = requireProgram("chromium");

/** A headless browser; pages remember what they wrote to the console, and their errors. */
export class TestBrowser implements AsyncDisposable {
  readonly #browser: Browser;

  private constructor(browser: Browser) {
    this.#browser = browser;
  }

  static async launch(): Promise<TestBrowser> {
    return new TestBrowser(await chromium.launch({ executablePath: chromiumProgram.path, args: FLAGS }));
  }

  async open(url: string, options: BrowserContextOptions = {}): Promise<ShownPage> {
    const context = await this.#browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
    const page = await context.newPage();
    const messages: string[] = [];
    page.on("console", (message) => messages.push(message.text()));
    page.on("pageerror", (error) => messages.push(error.stack ?? error.message));
    await page.goto(url);
    return { page, messages, [Symbol.asyncDispose]: () => context.close() };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#browser.close();
  }
}

export interface ShownPage extends AsyncDisposable {
  readonly page: Page;
  readonly messages: readonly string[];
}
