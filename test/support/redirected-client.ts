import { fromLatin1, latin1 } from "../../src/lib/bytes.ts";
import { RawClient } from "./raw-client.ts";

/** Redirections of one request before it is given up. */
const MOST_REDIRECTIONS = 16;

/**
 * A client that follows MOVED and ASK as `redis-cli -c` does: each request goes to the node that answered the one
 * before. It knows nothing of slots. Of a server that redirects nothing it is a plain client. Texts have one character
 * a byte. Push messages are left out.
 */
export class RedirectedClient {
  readonly #version: 2 | 3;
  readonly #nodes = new Map<number, RawClient>();
  #present: RawClient;

  private constructor(version: 2 | 3, port: number, first: RawClient) {
    this.#version = version;
    this.#present = first;
    this.#nodes.set(port, first);
  }

  /** @param port of any node; all nodes are on this machine */
  static async connect(port: number, version: 2 | 3): Promise<RedirectedClient> {
    return new RedirectedClient(version, port, await connectIn(port, version));
  }

  /**
   * Sends one command, to another node if one says so. @returns its reply, in RESP
   * @throws Error if the connection ends, or nodes send the request to and fro
   */
  async ask(...command: readonly string[]): Promise<string> {
    const args = command.map(fromLatin1);
    let asking = false;
    for (let hop = 0; hop < MOST_REDIRECTIONS; hop++) {
      const client = this.#present;
      if (asking) void client.ask("ASKING");
      const reply = latin1(await client.ask(...args));
      const [, kind, port] = /^-(MOVED|ASK) \d+ [^ ]*:(\d+)\r\n$/.exec(reply) ?? [];
      if (kind === undefined) return reply;
      asking = kind === "ASK";
      this.#present = await this.#node(Number(port));
    }
    throw new Error(`nodes send ${command.join(" ")} to and fro`);
  }

  close(): void {
    for (const client of this.#nodes.values()) client.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #node(port: number): Promise<RawClient> {
    const known = this.#nodes.get(port) ?? (await connectIn(port, this.#version));
    this.#nodes.set(port, known);
    return known;
  }
}

async function connectIn(port: number, version: 2 | 3): Promise<RawClient> {
  const client = await RawClient.connect(port);
  if (version === 3) await client.ask("HELLO", "3");
  return client;
}
