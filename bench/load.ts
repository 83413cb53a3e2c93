/**
 * The load, in a process of its own: connections that each keep `pipeline` requests under way for some seconds.
 * Settings come as JSON in the first argument; the result goes to standard output as JSON.
 */
import { Histogram } from "../src/instruments/histogram.ts";
import { SeededRandom } from "../src/lib/random.ts";
import { ZipfSampler } from "../src/sim/workload/zipf.ts";
import type { Wire } from "./targets.ts";
import { encodeRequest, expectedReply, type Operation } from "./wire.ts";

export interface LoadSettings {
  readonly port: number;
  readonly wire: Wire;
  readonly operation: Operation;
  readonly connections: number;
  readonly pipeline: number;
  readonly keys: number;
  /**
   * `random`: all keys with equal probability. `zipf`: at random with an exponent of 1. `sequential`: each in turn,
   * so that a cache smaller than all keys never has the next one.
   */
  readonly order: "random" | "zipf" | "sequential";
  readonly seconds: number;
  readonly seed: number;
  /** Stop after this many requests instead, for example after every key once. */
  readonly requests?: number;
}

export interface LoadResult {
  readonly requests: number;
  readonly seconds: number;
  /** Replies that differ from the expected ones. */
  readonly wrongReplies: number;
  /** Microseconds from sending a batch to its last reply. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** Keys drawn in advance when drawing takes long; a power of two. */
const DRAWN = 1 << 18;

interface Client {
  sentAtMs: number;
  missing: number;
  checked: boolean;
}

if (import.meta.main) {
  const settings = JSON.parse(process.argv[2]!) as LoadSettings;
  process.stdout.write(`${JSON.stringify(await runLoad(settings))}\n`);
  process.exit(0);
}

async function runLoad(settings: LoadSettings): Promise<LoadResult> {
  const { wire, operation, connections, pipeline, keys } = settings;
  const random = new SeededRandom(settings.seed);
  const requests = Array.from({ length: keys }, (_, index) =>
    Buffer.from(encodeRequest(wire, operation, index)),
  );
  const replyBytes = Buffer.byteLength(expectedReply(wire, operation, 0));
  const expected = Buffer.from(expectedReply(wire, operation, 0));
  // Replies differ only in the key, which memcached repeats. The bytes before and after it are checked.
  const comparable = wire === "memcached" && operation === "get" ? 6 : replyBytes;
  const latency = new Histogram();
  const batch = Buffer.alloc(pipeline * requests[0]!.length);
  const drawn = new Int32Array(settings.order === "zipf" ? DRAWN : 0);
  if (drawn.length > 0) {
    const zipf = new ZipfSampler(keys, 1, random);
    for (let i = 0; i < DRAWN; i++) drawn[i] = zipf.next() - 1;
  }
  let done = 0;
  let wrong = 0;
  let next = Math.floor(random.next() * keys);
  let running = true;
  let endAtMs = Number.POSITIVE_INFINITY;
  const limit = settings.requests ?? Number.POSITIVE_INFINITY;
  let sent = 0;
  let active = 0;
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();

  const send = (socket: { write(data: Uint8Array): number; data: Client }): void => {
    if (!running || sent >= limit) {
      active--;
      if (active === 0) end();
      return;
    }
    let at = 0;
    for (let i = 0; i < pipeline; i++) {
      const index =
        settings.order === "random"
          ? random.below(keys)
          : settings.order === "zipf"
            ? drawn[next++ & (DRAWN - 1)]!
            : next++ % keys;
      at += requests[index]!.copy(batch, at);
    }
    sent += pipeline;
    socket.data.missing = pipeline * replyBytes;
    socket.data.checked = false;
    socket.data.sentAtMs = performance.now();
    const written = socket.write(batch.subarray(0, at));
    if (written < at) throw new Error("a request did not fit into the socket's buffer");
  };

  const sockets = [];
  for (let i = 0; i < connections; i++) {
    sockets.push(
      await Bun.connect<Client>({
        hostname: "127.0.0.1",
        port: settings.port,
        data: { sentAtMs: 0, missing: 0, checked: false },
        socket: {
          data(socket, data) {
            const client = socket.data;
            if (!client.checked) {
              client.checked = true;
              const length = Math.min(comparable, data.length);
              if (expected.compare(data, 0, length, 0, length) !== 0) wrong++;
            }
            client.missing -= data.length;
            if (client.missing > 0) return;
            if (client.missing < 0) wrong++;
            const now = performance.now();
            latency.record((now - client.sentAtMs) * 1000);
            done += pipeline;
            if (now >= endAtMs) running = false;
            send(socket);
          },
          close() {
            if (running && sent < limit) {
              process.stderr.write("the server closed a connection\n");
              process.exit(1);
            }
          },
        },
      }),
    );
  }
  const begun = performance.now();
  endAtMs = begun + settings.seconds * 1000;
  active = connections;
  for (const socket of sockets) send(socket);
  await ended;
  const seconds = (performance.now() - begun) / 1000;
  for (const socket of sockets) socket.terminate();
  return {
    requests: done,
    seconds,
    wrongReplies: wrong,
    p50: latency.quantile(0.5),
    p99: latency.quantile(0.99),
    p999: latency.quantile(0.999),
    max: latency.max,
  };
}
