import type { Socket } from "bun";

/**
 * One connection to a cache, for benchmarks that must know of every reply whether it was a hit. Requests are sent in
 * batches; a batch is over when all its replies have come.
 */
export class CacheClient {
  readonly #wire: "resp" | "memcached";
  readonly #socket: Socket<undefined>;
  #received: Buffer = Buffer.alloc(0);
  #unsent: Buffer = Buffer.alloc(0);
  #missing = 0;
  #hits: boolean[] = [];
  #done: (hits: boolean[]) => void = () => {};
  #failed: (error: Error) => void = () => {};

  private constructor(wire: "resp" | "memcached", socket: Socket<undefined>) {
    this.#wire = wire;
    this.#socket = socket;
  }

  static async connect(wire: "resp" | "memcached", port: number): Promise<CacheClient> {
    let client: CacheClient | undefined;
    const socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, data) => client?.receive(data),
        drain: () => client?.flush(),
        close: () => client?.fail(),
      },
    });
    client = new CacheClient(wire, socket);
    return client;
  }

  /** @returns for each key whether it was there */
  get(keys: readonly string[]): Promise<boolean[]> {
    const text =
      this.#wire === "resp"
        ? keys.map((key) => `*2\r\n$3\r\nGET\r\n$${key.length}\r\n${key}\r\n`)
        : keys.map((key) => `get ${key}\r\n`);
    return this.#ask(Buffer.from(text.join(""), "latin1"), keys.length);
  }

  /** Checks keys without counting a read, if the cache has a command for that. RESP only. */
  exists(keys: readonly string[]): Promise<boolean[]> {
    const text = keys.map((key) => `*2\r\n$6\r\nEXISTS\r\n$${key.length}\r\n${key}\r\n`);
    return this.#ask(Buffer.from(text.join(""), "latin1"), keys.length);
  }

  /** Stores values, which are the first bytes of `source`. @returns for each whether it was stored */
  set(keys: readonly string[], sizes: readonly number[], source: Buffer): Promise<boolean[]> {
    const parts: Buffer[] = [];
    keys.forEach((key, index) => {
      const bytes = sizes[index]!;
      const head =
        this.#wire === "resp"
          ? `*3\r\n$3\r\nSET\r\n$${key.length}\r\n${key}\r\n$${bytes}\r\n`
          : `set ${key} 0 0 ${bytes}\r\n`;
      parts.push(Buffer.from(head, "latin1"), source.subarray(0, bytes), LINE_END);
    });
    return this.#ask(Buffer.concat(parts), keys.length);
  }

  close(): void {
    this.#failed = () => {};
    this.#socket.terminate();
  }

  receive(data: Buffer): void {
    this.#received = this.#received.length === 0 ? Buffer.from(data) : Buffer.concat([this.#received, data]);
    let at = 0;
    while (this.#missing > 0) {
      const end = this.#endOfReply(at);
      if (end < 0) break;
      at = end;
      this.#missing--;
    }
    this.#received = this.#received.subarray(at);
    if (this.#missing === 0) this.#done(this.#hits);
  }

  flush(): void {
    if (this.#unsent.length === 0) return;
    this.#unsent = this.#unsent.subarray(this.#socket.write(this.#unsent));
  }

  fail(): void {
    this.#failed(new Error("the cache closed the connection"));
  }

  #ask(batch: Buffer, replies: number): Promise<boolean[]> {
    if (replies === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#hits = [];
      this.#missing = replies;
      this.#done = resolve;
      this.#failed = reject;
      this.#unsent = batch;
      this.flush();
    });
  }

  /**
   * Returns where the reply that begins at `at` ends, and notes whether it is a hit; −1 when more must be received.
   */
  #endOfReply(at: number): number {
    const lineEnd = this.#received.indexOf("\r\n", at);
    if (lineEnd < 0) return -1;
    const line = this.#received.toString("latin1", at, lineEnd);
    const bytes = valueBytes(line);
    if (bytes < 0) {
      this.#hits.push(line === "+OK" || line === "STORED" || line === ":1");
      return lineEnd + 2;
    }
    const end = lineEnd + 2 + bytes + 2 + (this.#wire === "memcached" ? "END\r\n".length : 0);
    if (end > this.#received.length) return -1;
    this.#hits.push(true);
    return end;
  }
}

const LINE_END: Buffer = Buffer.from("\r\n");

/** Returns the length of the value that a line announces; −1 when it announces none. */
function valueBytes(line: string): number {
  if (line.startsWith("$")) return Number(line.slice(1));
  if (line.startsWith("VALUE ")) return Number(line.slice(line.lastIndexOf(" ") + 1));
  return -1;
}
