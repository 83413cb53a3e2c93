import { createInterface, type Interface } from "node:readline";
import type { Client } from "../client/client.ts";
import { utf8 } from "../lib/bytes.ts";
import { CommandCompleter } from "./client-completion.ts";
import { isFeed, showFeed } from "./client-feed.ts";
import { describeServer, greeting, help } from "./client-greeting.ts";
import { HISTORY_LINES, type History } from "./client-history.ts";
import { execute, type Outcome, type Printer } from "./client-printer.ts";
import { type ClientRequest, isSecret, requestOfLine, splitWords, textOf } from "./client-request.ts";
import { isEnd } from "./client-script.ts";
import type { Target } from "./client-target.ts";
import { HistorySearch } from "./history-search.ts";
import type { TerminalKeys } from "./terminal-keys.ts";
import { errorLine } from "./terminal-text.ts";

export interface ConsoleOptions {
  readonly printer: Printer;
  readonly history: History;
  /** Source of the typed keys. */
  readonly keys: TerminalKeys;
  /** Whether standard output is a terminal too, so that lines can be edited. */
  readonly isTerminal: boolean;
  readonly target: Target;
}

const SEARCH_KEY = "\x12";
/** Time limit for requests that the console makes on its own, which must not delay the user's. */
const ASIDE_MS = 500;
const DEFAULT_COLUMNS = 80;

/**
 * Reads requests line by line from the terminal until its end, QUIT, or Ctrl-C on an empty line.
 * @param client the first connection; when it is lost, the next request opens another
 */
export async function runConsole(client: Client, options: ConsoleOptions): Promise<void> {
  const session = new ConsoleSession(client, options);
  await session.run();
}

class ConsoleSession {
  readonly #options: ConsoleOptions;
  readonly #readline: Interface & { history?: string[] };
  readonly #completer: CommandCompleter;
  #client: Client;
  /** Whether the server queues commands, between MULTI and EXEC. */
  #inTransaction = false;
  /** Executes lines one after the other, even if several were pasted at once. */
  #work: Promise<void> = Promise.resolve();
  #giveUp: (() => void) | undefined;

  constructor(client: Client, options: ConsoleOptions) {
    this.#client = client;
    this.#options = options;
    this.#completer = new CommandCompleter(
      (words, as = undefined) => this.#askAside(words, as),
      () => performance.now(),
    );
    this.#readline = createInterface({
      input: options.keys as unknown as NodeJS.ReadableStream,
      output: process.stdout,
      terminal: options.isTerminal,
      prompt: "",
      history: options.history.load(),
      historySize: HISTORY_LINES,
      removeHistoryDuplicates: true,
      completer: (line: string, done: (error: null, completed: [string[], string]) => void) => {
        this.#completer.complete(line).then((completed) => done(null, completed));
      },
    });
  }

  async run(): Promise<void> {
    const { keys, printer, isTerminal } = this.#options;
    const readline = this.#readline;
    const ended = new Promise<void>((resolve) => readline.once("close", resolve));
    let failure: unknown;
    readline.on("line", (line) => {
      this.#work = this.#work.then(async () => {
        const goesOn = failure === undefined && (await this.#carryOut(line));
        printer.flush();
        if (goesOn) this.#prompt();
        else readline.close();
      });
      this.#work.catch((error) => {
        failure = error;
        readline.close();
      });
    });
    readline.on("SIGINT", () => this.#interrupt());
    keys.hotKey(SEARCH_KEY, () => this.#search());
    // Lines typed in the meantime wait for it.
    this.#work = this.#begin();
    await ended;
    await this.#work.catch(() => {});
    await this.#client.close(0);
    keys.close();
    if (failure !== undefined) throw failure;
    if (isTerminal) process.stdout.write("\n");
  }

  /** Shows the greeting. */
  async #begin(): Promise<void> {
    if (this.#options.isTerminal) {
      const { server, address } = this.#client;
      const info = await this.#askAside(["INFO", "server"]).catch(() => "");
      const what = describeServer(server, typeof info === "string" ? info : "");
      this.#options.printer.note(greeting({ address, what: errorLine(what) }, this.#columns).trimEnd());
      this.#options.printer.flush();
    }
    this.#prompt();
    void this.#completer.learn(this.#client.server.tellsSource).catch(() => {});
  }

  get #columns(): number {
    return process.stdout.columns ?? DEFAULT_COLUMNS;
  }

  #prompt(): void {
    if (this.#options.isTerminal) {
      this.#readline.setPrompt(`${this.#client.address}${this.#inTransaction ? "(TX)" : ""}> `);
    }
    this.#readline.prompt();
  }

  /** Makes a request that the user did not make. Rejects if it could interfere with the user's requests. */
  async #askAside(words: readonly (string | Uint8Array)[], as: "bytes" | "text" = "text") {
    if (this.#giveUp !== undefined || this.#inTransaction || !this.#client.isConnected) {
      throw new Error("not now");
    }
    return (await this.#client.request(words, { as, timeoutMs: ASIDE_MS })).reply;
  }

  /** Ctrl-C: cancels the running request; if there is none, clears the line; if it is empty, ends the console. */
  #interrupt(): void {
    const readline = this.#readline;
    if (this.#giveUp !== undefined) this.#giveUp();
    else if (readline.line === "") readline.close();
    else {
      process.stdout.write("\n");
      this.#replaceLine("");
      readline.prompt();
    }
  }

  #replaceLine(line: string): void {
    this.#readline.write(null, { ctrl: true, name: "e" });
    this.#readline.write(null, { ctrl: true, name: "u" });
    if (line !== "") this.#readline.write(line);
  }

  /** Ctrl-R: shows the search in place of the line until a key ends it. */
  #search(): void {
    const { keys, isTerminal } = this.#options;
    if (this.#giveUp !== undefined || !isTerminal) return;
    const { stdout } = process;
    const search = new HistorySearch(this.#readline.history ?? []);
    const show = () => stdout.write(`\r\x1b[K${search.shown(this.#columns)}`);
    // Erase from the first row: the line may take several.
    const { rows } = this.#readline.getCursorPos();
    stdout.write(`${rows > 0 ? `\x1b[${rows}A` : ""}\r\x1b[J`);
    show();
    stdout.on("resize", show);
    const release = keys.capture((key) => {
      if (key === SEARCH_KEY) search.older();
      else if (key === "\x7f" || key === "\b") search.erase();
      else if (key >= " " && !key.startsWith("\x1b") && key !== "\x7f") search.add(key);
      else {
        release();
        stdout.off("resize", show);
        stdout.write("\r\x1b[K");
        const isGivenUp = key === "\x03" || key === "\x07";
        this.#readline.prompt(true);
        if (!isGivenUp && search.line !== "") this.#replaceLine(search.line);
        // Enter executes the line found, an arrow moves within it.
        if (!isGivenUp && key !== "\x1b" && key !== "\t") keys.press(key);
        return;
      }
      show();
    });
  }

  /** @returns false if it was the last line */
  async #carryOut(line: string): Promise<boolean> {
    const { printer } = this.#options;
    let request: ClientRequest | undefined;
    try {
      request = requestOfLine(utf8(line));
    } catch (error) {
      this.#remember(line);
      await this.#printError(error);
      return true;
    }
    if (request === undefined) return true;
    if (isEnd(request)) return false;
    this.#remember(line);
    printer.begin(true);
    if (/^\s*help\s*$/i.test(line)) {
      process.stdout.write(help(this.#client.server.tellsSource, this.#columns));
    } else if (await this.#reconnected()) {
      await this.#execute(request);
    }
    return true;
  }

  async #execute(request: ClientRequest): Promise<void> {
    const { printer } = this.#options;
    const client = this.#client;
    const interruption = new AbortController();
    const interrupted = new Promise<void>((resolve) => {
      interruption.signal.addEventListener("abort", () => resolve());
    });
    this.#giveUp = () => interruption.abort();
    try {
      if (isFeed(request)) {
        await this.#feed(request, interruption.signal);
        return;
      }
      const answering = request.kind === "dump" ? this.#dump(client) : this.#ask(client, request);
      await Promise.race([answering, interrupted]);
      // Closing the connection ends the server's work on the request; the next request opens another.
      if (interruption.signal.aborted) await client.close(0);
      await answering;
    } finally {
      this.#giveUp = undefined;
    }
    if (!client.isConnected) {
      this.#inTransaction = false;
      printer.note("disconnected; the next request connects again");
    }
  }

  async #ask(client: Client, request: ClientRequest): Promise<void> {
    const outcome = await execute(client, request);
    this.#follow(request, outcome);
    await this.#options.printer.print(request, outcome, client.server.tellsSource);
  }

  #follow({ command }: ClientRequest, { error }: Outcome): void {
    const verb = textOf(command[0] ?? "").toUpperCase();
    if (verb === "MULTI" && error === undefined) this.#inTransaction = true;
    else if (verb === "EXEC" || verb === "DISCARD") this.#inTransaction = false;
  }

  async #dump(client: Client): Promise<void> {
    try {
      await this.#options.printer.printDump(client);
    } catch (error) {
      await this.#printError(error);
    }
  }

  /** Uses a connection of its own, so that the console's keeps its state. */
  async #feed(request: ClientRequest, signal: AbortSignal): Promise<void> {
    const { target, printer } = this.#options;
    printer.begin(false);
    try {
      const error = await showFeed(target, request.command, printer, signal);
      if (error !== undefined) await this.#printError(error);
    } catch (error) {
      if (!signal.aborted) await this.#printError(error);
    }
  }

  /**
   * Connects again if necessary.
   * @returns whether there is a connection
   */
  async #reconnected(): Promise<boolean> {
    if (this.#client.isConnected) return true;
    try {
      this.#client = await this.#options.target.connect();
      return true;
    } catch (error) {
      await this.#printError(error);
      return false;
    }
  }

  #printError(error: unknown): Promise<void> {
    return this.#options.printer.print(undefined, { error: error as Error, ms: 0 }, false);
  }

  /** Adds a line to the history, unless it may contain a password; then removes it from readline's history, too. */
  #remember(line: string): void {
    if (!mayHoldSecret(line)) {
      this.#options.history.add(line);
      return;
    }
    const { history } = this.#readline;
    if (history?.[0] === line) history.shift();
  }
}

function mayHoldSecret(line: string): boolean {
  try {
    return isSecret(splitWords(utf8(line)));
  } catch {
    return isSecret(line.trim().split(/\s+/));
  }
}
