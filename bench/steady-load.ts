/**
 * An open-loop load in a process of its own. Requests are due at a fixed rate, independent of the replies. Latency
 * counts from the time a request was due, so that requests that wait behind a stall count as well (no coordinated
 * omission). Settings come as JSON in the first argument; the result goes to standard output as JSON.
 */
import { Histogram } from "../src/instruments/histogram.ts";
import { SeededRandom } from "../src/lib/random.ts";
import type { Wire } from "./targets.ts";
import { encodeRequest, expectedReply } from "./wire.ts";

export interface SteadySettings {
  readonly port: number;
  readonly wire: Wire;
  readonly keys: number;
  readonly connections: number;
  readonly requestsPerSecond: number;
  /** How long requests are sent before the recording begins. */
  readonly warmSeconds: number;
  readonly seconds: number;
  readonly seed: number;
}

export interface SteadyResult {
  readonly requests: number;
  readonly wrongReplies: number;
  /** Microseconds from the time a request was due to its reply. */
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** The longest time in which this process itself sent nothing, in milliseconds. It is not the server's fault. */
  readonly ownPauseMs: number;
  /** Unix milliseconds at which the recording began and ended. */
  readonly fromMs: number;
  readonly toMs: number;
}

/** Most requests of one connection under way. A server that falls further behind is not measured any more. */
const MOST_UNDER_WAY = 1 << 14;

/** One connection, with a ring of the times at which its requests under way were due. */
interface Client {
  readonly dueAtMs: Float64Array;
  sent: number;
  answered: number;
  /** Bytes received of the reply in progress. */
  partBytes: number;
}

if (import.meta.main) {
  const settings = JSON.parse(process.argv[2]!) as SteadySettings;
  process.stdout.write(`${JSON.stringify(await runSteadyLoad(settings))}\n`);
  process.exit(0);
}

async function runSteadyLoad(settings: SteadySettings): Promise<SteadyResult> {
  const { port, wire, keys, connections, requestsPerSecond, warmSeconds } = settings;
  const random = new SeededRandom(settings.seed);
  const requests = Array.from({ length: keys }, (_, index) => Buffer.from(encodeRequest(wire, "get", index)));
  const expected = Buffer.from(expectedReply(wire, "get", 0));
  const replyBytes = expected.length;
  // Replies differ only in the key, which memcached repeats. The bytes before it are checked.
  const comparable = wire === "memcached" ? 6 : replyBytes;
  const latency = new Histogram();
  let wrongReplies = 0;
  let isRunning = true;
  let recordsFromMs = Number.POSITIVE_INFINITY;

  const received = (client: Client, data: Buffer): void => {
    const nowMs = performance.now();
    if (
      client.partBytes === 0 &&
      expected.compare(data, 0, Math.min(comparable, data.length), 0, Math.min(comparable, data.length)) !== 0
    )
      wrongReplies++;
    const bytes = client.partBytes + data.length;
    const answered = client.answered + Math.floor(bytes / replyBytes);
    client.partBytes = bytes % replyBytes;
    if (answered > client.sent) wrongReplies++;
    for (; client.answered < answered; client.answered++) {
      const dueAtMs = client.dueAtMs[client.answered % MOST_UNDER_WAY]!;
      if (dueAtMs >= recordsFromMs) latency.record((nowMs - dueAtMs) * 1000);
    }
  };

  const sockets: Bun.Socket<Client>[] = [];
  for (let i = 0; i < connections; i++) {
    sockets.push(
      await Bun.connect<Client>({
        hostname: "127.0.0.1",
        port,
        data: { dueAtMs: new Float64Array(MOST_UNDER_WAY), sent: 0, answered: 0, partBytes: 0 },
        socket: {
          data: (socket, data) => received(socket.data, data),
          close() {
            if (!isRunning) return;
            process.stderr.write("the server closed a connection\n");
            process.exit(1);
          },
        },
      }),
    );
  }

  const begunMs = performance.now();
  recordsFromMs = begunMs + warmSeconds * 1000;
  const endMs = recordsFromMs + settings.seconds * 1000;
  const fromMs = Date.now() + warmSeconds * 1000;
  const intervalMs = 1000 / requestsPerSecond;
  let sent = 0;
  let lastTurnMs = begunMs;
  let ownPauseMs = 0;
  const { promise: ended, resolve: end } = Promise.withResolvers<void>();
  const turn = (): void => {
    const nowMs = performance.now();
    if (lastTurnMs >= recordsFromMs) ownPauseMs = Math.max(ownPauseMs, nowMs - lastTurnMs);
    lastTurnMs = nowMs;
    for (; begunMs + sent * intervalMs <= nowMs && nowMs < endMs; sent++) {
      send(sockets[sent % connections]!, requests[random.below(keys)]!, begunMs + sent * intervalMs);
    }
    if (nowMs >= endMs && sockets.every(({ data }) => data.answered === data.sent)) end();
    else setImmediate(turn);
  };
  turn();
  await ended;
  isRunning = false;
  for (const socket of sockets) socket.terminate();
  return {
    requests: latency.count,
    wrongReplies,
    p50: latency.quantile(0.5),
    p99: latency.quantile(0.99),
    p999: latency.quantile(0.999),
    max: latency.max,
    ownPauseMs,
    fromMs,
    toMs: Date.now(),
  };
}

function send(socket: Bun.Socket<Client>, request: Buffer, dueAtMs: number): void {
  const client = socket.data;
  if (client.sent - client.answered === MOST_UNDER_WAY) throw new Error("the server cannot keep up");
  client.dueAtMs[client.sent % MOST_UNDER_WAY] = dueAtMs;
  client.sent++;
  if (socket.write(request) < request.length)
    throw new Error("a request did not fit into the socket's buffer");
}
