/**
 * The two clients of `large.ts`, each in a process of its own. The mover moves a large value; the prober asks for a
 * small one every millisecond. Settings come as JSON in the first argument; the result goes to standard output as
 * JSON.
 */
import { Histogram } from "../src/instruments/histogram.ts";

export type Move = "get" | "set";

export interface MoverSettings {
  readonly role: "mover";
  readonly port: number;
  /** Whether the port speaks TLS. */
  readonly isSecure: boolean;
  readonly move: Move;
  readonly valueBytes: number;
  readonly times: number;
  /** Port on which the value is written before each GET, so that it is a miss; absent for hits. */
  readonly originPort?: number;
}

export interface ProberSettings {
  readonly role: "prober";
  readonly port: number;
  readonly isSecure: boolean;
}

export interface MoverResult {
  readonly milliseconds: number;
}

/** Latencies in microseconds. */
export interface ProberResult {
  readonly requests: number;
  readonly p999: number;
  readonly max: number;
}

export const LARGE_KEY = "large";
export const SMALL_KEY = "small";
const INTERVAL_MS = 1;

if (import.meta.main) {
  const settings = JSON.parse(process.argv[2]!) as MoverSettings | ProberSettings;
  const result = settings.role === "mover" ? await runMover(settings) : await runProber(settings);
  process.stdout.write(`${JSON.stringify(result)}\n`);
  process.exit(0);
}

async function runMover({
  port,
  isSecure,
  move,
  valueBytes,
  times,
  originPort,
}: MoverSettings): Promise<MoverResult> {
  const client = await Client.connect(port, isSecure);
  const origin = originPort === undefined ? undefined : await Client.connect(originPort, false);
  const value = Buffer.alloc(valueBytes, "large values ");
  let milliseconds = 0;
  for (let i = 0; i < times; i++) {
    if (origin !== undefined) {
      await origin.set(value);
      // The next GET is a miss only after the invalidation has come.
      await Bun.sleep(20);
    }
    const begunMs = performance.now();
    if (move === "set") await client.set(value);
    else await client.get(valueBytes);
    milliseconds += performance.now() - begunMs;
  }
  return { milliseconds: milliseconds / times };
}

/** Sends requests until its standard input ends. */
async function runProber({ port, isSecure }: ProberSettings): Promise<ProberResult> {
  const latency = new Histogram();
  const request = Buffer.from(`*2\r\n$3\r\nGET\r\n$${SMALL_KEY.length}\r\n${SMALL_KEY}\r\n`);
  const sentAtMs: number[] = [];
  let replyBytes = 0;
  const socket = await Bun.connect({
    hostname: "127.0.0.1",
    port,
    ...tlsOf(isSecure),
    socket: {
      data(_socket, data) {
        const nowMs = performance.now();
        // Replies are `$1\r\nx\r\n`.
        for (replyBytes += data.length; replyBytes >= 7; replyBytes -= 7) {
          latency.record((nowMs - sentAtMs.shift()!) * 1000);
        }
      },
    },
  });
  const timer = setInterval(() => {
    sentAtMs.push(performance.now());
    socket.write(request);
  }, INTERVAL_MS);
  for await (const _ of Bun.stdin.stream());
  clearInterval(timer);
  return { requests: latency.count, p999: latency.quantile(0.999), max: latency.max };
}

/** The certificate is one that the benchmark has just made. */
function tlsOf(isSecure: boolean): { tls?: { rejectUnauthorized: false } } {
  return isSecure ? { tls: { rejectUnauthorized: false } } : {};
}

/** A connection with one request under way. */
class Client {
  #socket: { write(data: Uint8Array): number } = { write: () => 0 };
  #toSend: Uint8Array[] = [];
  #missing = 0;
  #done: () => void = () => {};

  static async connect(port: number, isSecure: boolean): Promise<Client> {
    const client = new Client();
    client.#socket = await Bun.connect({
      hostname: "127.0.0.1",
      port,
      ...tlsOf(isSecure),
      socket: {
        data: (_socket, data) => client.#received(data.length),
        drain: () => client.#send(),
        close() {
          process.stderr.write("the connection was closed\n");
          process.exit(1);
        },
      },
    });
    return client;
  }

  set(value: Uint8Array): Promise<void> {
    const head = `*3\r\n$3\r\nSET\r\n$${LARGE_KEY.length}\r\n${LARGE_KEY}\r\n$${value.length}\r\n`;
    return this.#ask([Buffer.from(head), value, Buffer.from("\r\n")], "+OK\r\n".length);
  }

  get(valueBytes: number): Promise<void> {
    const request = `*2\r\n$3\r\nGET\r\n$${LARGE_KEY.length}\r\n${LARGE_KEY}\r\n`;
    return this.#ask([Buffer.from(request)], `$${valueBytes}\r\n`.length + valueBytes + 2);
  }

  #ask(request: Uint8Array[], replyBytes: number): Promise<void> {
    this.#toSend = request;
    this.#missing = replyBytes;
    const promise = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    this.#send();
    return promise;
  }

  #send(): void {
    for (;;) {
      const next = this.#toSend[0];
      if (next === undefined) return;
      const sent = Math.max(0, this.#socket.write(next));
      if (sent < next.length) {
        this.#toSend[0] = next.subarray(sent);
        return;
      }
      this.#toSend.shift();
    }
  }

  #received(bytes: number): void {
    this.#missing -= bytes;
    if (this.#missing < 0) throw new Error("more was received than asked for");
    if (this.#missing === 0) this.#done();
  }
}
