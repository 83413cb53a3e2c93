import { createInterface, type Interface } from "node:readline";
import type { Client } from "../client/client.ts";
import { utf8 } from "../lib/bytes.ts";
import { HISTORY_LINES, type History } from "./client-history.ts";
import { execute, type Printer } from "./client-printer.ts";
import { type ClientRequest, isSecret, requestOfLine, splitWords } from "./client-request.ts";
import { isEnd } from "./client-script.ts";

export interface ConsoleOptions {
  readonly printer: Printer;
  readonly history: History;
  /** Whether standard output is a terminal too, so that lines can be edited. */
  readonly isTerminal: boolean;
  /** Makes another connection. */
  connect(): Promise<Client>;
}

const OWN_VERBS = ["PUT", "GET", "DELETE", "DUMP", "HELP", "QUIT"];
const HELP = `\
PUT key=value     store a value          PUT key value does the same
GET key           read it                keys and values with spaces need no quotes here
DELETE key        remove it
DUMP              everything there is
TTL key, …        any command of Redis; words with spaces in quotes: SET "a key" "a value"
QUIT              end; so does Ctrl-D
Tab completes, the arrow keys bring back earlier lines, Ctrl-C gives up a request that is under way.
`;

/**
 * Reads requests line by line from the terminal until its end, QUIT, or Ctrl-C on an empty line.
 * @param client the first connection; when it is lost, the next request makes another
 */
export async function runConsole(client: Client, options: ConsoleOptions): Promise<void> {
  const session = new ConsoleSession(client, options);
  await session.run();
}

class ConsoleSession {
  readonly #options: ConsoleOptions;
  readonly #readline: Interface;
  #client: Client;
  #verbs: readonly string[] = OWN_VERBS;
  /** Lines are carried out one after the other, also where several were pasted. */
  #work: Promise<void> = Promise.resolve();
  #giveUp: (() => void) | undefined;

  constructor(client: Client, options: ConsoleOptions) {
    this.#client = client;
    this.#options = options;
    this.#readline = createInterface({
      input: process.stdin,
      output: process.stdout,
      terminal: options.isTerminal,
      prompt: options.isTerminal ? `${client.address}> ` : "",
      history: options.history.load(),
      historySize: HISTORY_LINES,
      removeHistoryDuplicates: true,
      completer: (line: string) => complete(line, this.#verbs),
    });
  }

  async run(): Promise<void> {
    const readline = this.#readline;
    void this.#learnVerbs();
    const ended = new Promise<void>((resolve) => readline.once("close", resolve));
    let failure: unknown;
    readline.on("line", (line) => {
      this.#work = this.#work.then(async () => {
        const goesOn = failure === undefined && (await this.#carryOut(line));
        this.#options.printer.flush();
        if (goesOn) readline.prompt();
        else readline.close();
      });
      this.#work.catch((error) => {
        failure = error;
        readline.close();
      });
    });
    readline.on("SIGINT", () => this.#interrupt());
    readline.prompt();
    await ended;
    await this.#work.catch(() => {});
    await this.#client.close(0);
    if (failure !== undefined) throw failure;
    if (this.#options.isTerminal) process.stdout.write("\n");
  }

  /** Gives up what is under way; else clears the line; else ends. */
  #interrupt(): void {
    const readline = this.#readline;
    if (this.#giveUp !== undefined) this.#giveUp();
    else if (readline.line === "") readline.close();
    else {
      process.stdout.write("\n");
      readline.write(null, { ctrl: true, name: "e" });
      readline.write(null, { ctrl: true, name: "u" });
      readline.prompt();
    }
  }

  /** @returns false when it was the last one */
  async #carryOut(line: string): Promise<boolean> {
    let request: ClientRequest | undefined;
    try {
      request = requestOfLine(utf8(line));
    } catch (error) {
      this.#remember(line);
      await this.#options.printer.print(undefined, { error: error as Error, ms: 0 }, false);
      return true;
    }
    if (request === undefined) return true;
    if (isEnd(request)) return false;
    this.#remember(line);
    if (/^\s*help\s*$/i.test(line)) {
      process.stdout.write(HELP);
      return true;
    }
    if (await this.#reconnected()) await this.#execute(request);
    return true;
  }

  async #execute(request: ClientRequest): Promise<void> {
    const { printer } = this.#options;
    const client = this.#client;
    const interrupted = new Promise<"interrupted">((resolve) => {
      this.#giveUp = () => resolve("interrupted");
    });
    try {
      const work = request.kind === "dump" ? this.#dump(client) : this.#ask(client, request);
      if ((await Promise.race([work, interrupted])) === "interrupted") {
        // What the server is still busy with ends with the connection; the next request makes another.
        await client.close(0);
        await work;
      }
    } finally {
      this.#giveUp = undefined;
    }
    if (!client.isConnected) printer.note("not connected any more; the next request connects again");
  }

  async #ask(client: Client, request: ClientRequest): Promise<void> {
    const outcome = await execute(client, request);
    await this.#options.printer.print(request, outcome, client.server.tellsSource);
  }

  async #dump(client: Client): Promise<void> {
    try {
      await this.#options.printer.printDump(client);
    } catch (error) {
      await this.#options.printer.print(undefined, { error: error as Error, ms: 0 }, false);
    }
  }

  /** Connects again where that is needed. @returns whether there is a connection */
  async #reconnected(): Promise<boolean> {
    if (this.#client.isConnected) return true;
    try {
      this.#client = await this.#options.connect();
      return true;
    } catch (error) {
      await this.#options.printer.print(undefined, { error: error as Error, ms: 0 }, false);
      return false;
    }
  }

  /** Keeps a line, unless it holds a password; then readline must forget it, too. */
  #remember(line: string): void {
    if (!mayHoldSecret(line)) {
      this.#options.history.add(line);
      return;
    }
    const { history } = this.#readline as Interface & { history?: string[] };
    if (history?.[0] === line) history.shift();
  }

  /** What the server knows can be completed as well; where it does not tell, the text protocol's verbs can. */
  async #learnVerbs(): Promise<void> {
    try {
      const reply = await this.#client.command("COMMAND", "LIST");
      if (!Array.isArray(reply)) return;
      const names = reply.map((name) => String(name).toUpperCase()).filter((name) => /^[\w.|-]+$/.test(name));
      this.#verbs = [...new Set([...OWN_VERBS, ...names])].sort();
    } catch {
      // Older servers do not list their commands.
    }
  }
}

function mayHoldSecret(line: string): boolean {
  try {
    return isSecret(splitWords(utf8(line)));
  } catch {
    return isSecret(line.trim().split(/\s+/));
  }
}

/** Completes the verb, in the case it was begun in. @returns what readline asks for: candidates, and what they replace */
export function complete(line: string, verbs: readonly string[]): [string[], string] {
  const begun = line.trimStart();
  if (/\s/.test(begun)) return [[], line];
  const isLower = begun !== "" && begun === begun.toLowerCase();
  const found = verbs.filter((verb) => verb.startsWith(begun.toUpperCase()));
  return [found.map((verb) => `${isLower ? verb.toLowerCase() : verb} `), begun];
}
