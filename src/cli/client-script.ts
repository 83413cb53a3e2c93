import { type Client, ConnectionLostError } from "../client/client.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { execute, type Outcome, type Printer } from "./client-printer.ts";
import { type ClientRequest, requestOfLine } from "./client-request.ts";

/** Requests under way at once; a script that is longer waits. */
const WINDOW = 1000;

/**
 * Carries out one request a line, many at once, and prints the replies in the order of the lines.
 * @returns whether every request was answered without an error
 */
export async function runScript(
  client: Client,
  lines: AsyncIterable<Uint8Array>,
  printer: Printer,
): Promise<boolean> {
  const script = new Script(client, printer);
  for await (const line of lines) {
    if (!(await script.run(line))) break;
  }
  await script.finished();
  return script.allWell;
}

class Script {
  allWell = true;
  readonly #client: Client;
  readonly #printer: Printer;
  /** Everything printed so far; replies are printed one after the other behind it. */
  #printed: Promise<void> = Promise.resolve();
  #underWay = 0;
  #connectionLost = false;
  #failure: unknown;
  #wake: () => void = () => {};

  constructor(client: Client, printer: Printer) {
    this.#client = client;
    this.#printer = printer;
  }

  /** @returns false when no further line is to be read */
  async run(line: Uint8Array): Promise<boolean> {
    let request: ClientRequest | undefined;
    let outcome: Promise<Outcome>;
    try {
      request = requestOfLine(line);
      if (request === undefined) return true;
      if (isEnd(request)) return false;
      if (request.kind === "dump") return await this.#dump(request);
      outcome = execute(this.#client, request);
    } catch (error) {
      outcome = Promise.resolve({ error: error as Error, ms: 0 });
    }
    this.#underWay++;
    this.#printed = this.#printed.then(async () => this.#print(request, await outcome));
    while (this.#underWay >= WINDOW && !this.#isOver()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return !this.#isOver();
  }

  /** @throws what printing has thrown */
  async finished(): Promise<void> {
    await this.#printed;
    if (this.#failure !== undefined) throw this.#failure;
  }

  #isOver(): boolean {
    return this.#connectionLost || this.#failure !== undefined;
  }

  async #print(request: ClientRequest | undefined, outcome: Outcome): Promise<void> {
    this.#underWay--;
    if (outcome.error !== undefined) {
      this.allWell = false;
      if (outcome.error instanceof ConnectionLostError) this.#connectionLost = true;
    }
    try {
      if (this.#failure === undefined) {
        await this.#printer.print(request, outcome, this.#client.server.tellsSource);
      }
    } catch (error) {
      this.#failure = error;
    }
    this.#wake();
  }

  /** A dump is printed as it comes, so it waits for what was asked before, and what follows waits for it. */
  async #dump(request: ClientRequest): Promise<boolean> {
    await this.finished();
    try {
      await this.#printer.printDump(this.#client);
    } catch (error) {
      if (!(error instanceof Error) || error.name === "OutputClosed") throw error;
      await this.#print(request, { error, ms: 0 });
    }
    return !this.#isOver();
  }
}

export function isEnd({ kind, words }: ClientRequest): boolean {
  const verb = words[0];
  return (
    kind === "command" && words.length === 1 && typeof verb === "string" && /^(?:quit|exit)$/i.test(verb)
  );
}

/** The lines of a stream, each valid until the next is asked for; the last one need not end in a line feed. */
export async function* linesOf(stream: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const unfinished = new ByteBuffer();
  for await (const chunk of stream) {
    let start = 0;
    for (;;) {
      const end = chunk.indexOf(0x0a, start);
      if (end < 0) break;
      unfinished.append(chunk, start, end);
      start = end + 1;
      yield unfinished.view();
      unfinished.clear();
    }
    unfinished.append(chunk, start);
  }
  if (unfinished.length > 0) yield unfinished.view();
}
