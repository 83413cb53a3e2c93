import { type Client, ConnectionLostError } from "../client/client.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { execute, type Outcome, type Printer } from "./client-printer.ts";
import { type ClientRequest, RequestProblem, requestOfLine } from "./client-request.ts";

/** Most requests in progress, and most bytes in them; a script with more waits. */
const WINDOW_REQUESTS = 1000;
const WINDOW_BYTES = 16 * 1024 ** 2;

/**
 * Runs one request per line, many at once, and prints the replies in the order of the lines.
 * @returns whether no request failed
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
  /** Resolves when all replies so far have been printed; the next one is printed after it. */
  #printed: Promise<void> = Promise.resolve();
  #requestsUnderWay = 0;
  #bytesUnderWay = 0;
  #connectionLost = false;
  #wake: () => void = () => {};

  constructor(client: Client, printer: Printer) {
    this.#client = client;
    this.#printer = printer;
  }

  /** @returns false if no further line is to be read */
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
      if (!(error instanceof RequestProblem)) throw error;
      outcome = Promise.resolve({ error, ms: 0 });
    }
    const bytes = line.length;
    this.#requestsUnderWay++;
    this.#bytesUnderWay += bytes;
    this.#printed = this.#printed.then(async () => {
      await this.#print(request, await outcome);
      this.#requestsUnderWay--;
      this.#bytesUnderWay -= bytes;
      this.#wake();
    });
    while (this.#requestsUnderWay >= WINDOW_REQUESTS || this.#bytesUnderWay >= WINDOW_BYTES) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
    return !this.#connectionLost;
  }

  async finished(): Promise<void> {
    await this.#printed;
  }

  async #print(request: ClientRequest | undefined, outcome: Outcome): Promise<void> {
    if (outcome.error !== undefined) {
      this.allWell = false;
      if (outcome.error instanceof ConnectionLostError) this.#connectionLost = true;
    }
    await this.#printer.print(request, outcome, this.#client.server.tellsSource);
  }

  /** Prints a dump as it arrives. So it waits for all earlier requests, and all later ones wait for it. */
  async #dump(request: ClientRequest): Promise<boolean> {
    await this.finished();
    try {
      await this.#printer.printDump(this.#client);
    } catch (error) {
      await this.#print(request, { error: error as Error, ms: 0 });
    }
    return !this.#connectionLost;
  }
}

export function isEnd({ kind, words }: ClientRequest): boolean {
  const verb = words[0];
  return (
    kind === "command" && words.length === 1 && typeof verb === "string" && /^(?:quit|exit)$/i.test(verb)
  );
}

/** The lines of a stream. Each is valid until the next one is read; the last one need not end in a line feed. */
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
