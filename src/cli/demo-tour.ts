import { connect as connectSocket } from "node:net";
import { Worker } from "node:worker_threads";
import { systemRandom } from "../lib/random.ts";
import type { ChildProcess, Ready } from "./child-process.ts";
import {
  type DemoLoadOptions,
  type FromLoad,
  type LoadCounts,
  LoneReader,
  type ToLoad,
} from "./demo-load.ts";
import type { DemoOutput } from "./demo-output.ts";
import { DelayedRelay } from "./demo-relay.ts";
import {
  fillingLine,
  loadLine,
  loadText,
  nextStepsText,
  partText,
  stepText,
  summaryText,
  titleText,
  watchedText,
} from "./demo-screen.ts";
import { DemoWatch } from "./demo-watch.ts";
import { FailedError } from "./exit.ts";

const KEYS = 50_000;
const VALUE_BYTES = 200;
const ALPHA = 0.9;
const CONNECTIONS = 32;
const LINE_EVERY_MS = 250;
/** If lines cannot be rewritten, fewer are written. */
const PLAIN_LINE_EVERY_MS = 1000;
/** Pause between two reads of the client whose times are shown. */
const READ_PAUSE_MS = 2;

export interface DemoValues {
  readonly serverPort: number;
  readonly proxyPort: number;
  readonly memory: number;
  readonly seconds: number;
  readonly originDelay: number;
}

export interface TourParts {
  readonly directory: string;
  /** Starts a subcommand in a process of its own. */
  readonly start: (args: readonly string[]) => ChildProcess;
  readonly output: DemoOutput;
  /** Aborts to end the demo. */
  readonly signal: AbortSignal;
}

/** Runs the whole tour, then goes on serving; returns when `signal` aborts. */
export async function runTour(values: DemoValues, parts: TourParts): Promise<void> {
  const { output, signal } = parts;
  await using undo = new AsyncDisposableStack();
  const aborted = new Promise<void>((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener("abort", () => resolve());
  });
  const tour = tell(values, parts, undo, aborted).catch((error) => {
    // Errors caused by the end are not failures.
    if (!signal.aborted) throw error;
  });
  await Promise.race([tour, aborted]);
  if (!signal.aborted) await aborted;
  output.endLive(true);
}

async function tell(
  values: DemoValues,
  { directory, start, output, signal }: TourParts,
  undo: AsyncDisposableStack,
  aborted: Promise<void>,
): Promise<void> {
  const { originDelay } = values;
  output.say(titleText);
  const server = start(["server", "--port", String(values.serverPort), "--data", directory]);
  const serverPort = (await readyOr(server, "server-port")).port;
  output.say((style) =>
    partText("A server keeps keys and values:", `localhost:${serverPort} (data in ${directory})`, style),
  );
  const relay = originDelay === 0 ? undefined : undo.use(await DelayedRelay.start(serverPort, originDelay));
  const proxy = start([
    "proxy",
    ...["--port", String(values.proxyPort), "--origin", `127.0.0.1:${relay?.port ?? serverPort}`],
    ...["--memory", `${values.memory}b`],
  ]);
  const proxyPort = (await readyOr(proxy, "proxy-port")).port;
  output.say((style) =>
    partText("A proxy answers from its cache if it can:", `localhost:${proxyPort}\n`, style),
  );
  await showSteps(proxyPort, output, signal);
  if (signal.aborted) return;
  await showLoad(values, proxyPort, output, { signal, aborted, undo });
  if (signal.aborted) return;
  // Started before the ports are shown, so that it misses nothing that the user tries.
  const show = (line: string) => output.say((style) => watchedText(line, style));
  undo.use(await DemoWatch.start(serverPort, proxyPort, show));
  output.say((style) => `\n${nextStepsText(serverPort, proxyPort, process.platform, style)}`);
}

async function showSteps(proxyPort: number, output: DemoOutput, signal: AbortSignal): Promise<void> {
  output.say(({ bold }) => bold("Three requests, sent to the proxy"));
  const steps = [
    ["PUT shashank=softwareEngineer", "stored by the server; the proxy only removes its older copy"],
    ["GET shashank", "a miss: the proxy asks the server, and stores the value"],
    ["GET shashank", "a hit: answered by the proxy alone"],
  ] as const;
  for (const [request, explanation] of steps) {
    const reply = await exchange(proxyPort, request);
    if (signal.aborted) return;
    output.say((style) => stepText(request, reply, explanation, style));
  }
}

async function readyOr(child: ChildProcess, flag: "server-port" | "proxy-port"): Promise<Ready> {
  try {
    return await child.ready;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    if (!message.includes("port is in use")) throw new FailedError(message);
    // npm passes on what follows its own --.
    const how =
      process.env["npm_lifecycle_event"] === "start" ? `: npm start -- --${flag} <port>` : ` with --${flag}`;
    throw new FailedError(message.replace(" with --port", how));
  }
}

/** Makes one request in the text protocol, on a connection of its own. */
function exchange(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let reply = "";
    const socket = connectSocket({ host: "localhost", port });
    socket.setEncoding("utf8");
    socket.on("error", reject);
    socket.on("data", (text) => {
      reply += text;
    });
    socket.on("close", () => resolve(reply));
    socket.end(request);
  });
}

function delayText(ms: number): string {
  return ms < 1000 ? `${ms} ms` : `${ms / 1000} s`;
}

interface LoadSurroundings {
  readonly signal: AbortSignal;
  readonly aborted: Promise<void>;
  readonly undo: AsyncDisposableStack;
}

async function showLoad(
  values: DemoValues,
  port: number,
  output: DemoOutput,
  { signal, aborted, undo }: LoadSurroundings,
): Promise<void> {
  const originDelay = values.originDelay === 0 ? "0" : delayText(values.originDelay);
  const facts = { clients: CONNECTIONS, keys: KEYS, alpha: ALPHA, originDelay };
  output.say((style) => `\n${loadText(facts, style)}`);
  const options = { port, keys: KEYS, alpha: ALPHA, valueBytes: VALUE_BYTES, connections: CONNECTIONS };
  const load = new LoadThread(options);
  undo.defer(() => load.end());
  const showFilling = (written: number) => output.live((style) => fillingLine(written, KEYS, style));
  showFilling(0);
  // If lines cannot be rewritten, the first one is enough.
  await Promise.race([load.fill(output.isTerminal ? showFilling : () => {}), aborted]);
  output.endLive(false);
  if (signal.aborted) return;
  const reader = await LoneReader.start({ ...options, random: systemRandom }, READ_PAUSE_MS);
  undo.defer(() => reader.stop());
  // On a busy machine connecting may take longer than the load is to last, so its time begins with the first reply.
  await Promise.race([load.start(), aborted]);
  if (signal.aborted) return;
  await showMoments(values.seconds, load, reader, output, { signal, aborted });
  if (signal.aborted) return;
  await Promise.all([reader.stop(), load.stop()]);
  output.say((style) => `\n${summaryText(load.counts, style)}`);
}

async function showMoments(
  forMs: number,
  load: LoadThread,
  reader: LoneReader,
  output: DemoOutput,
  { signal, aborted }: Pick<LoadSurroundings, "signal" | "aborted">,
): Promise<void> {
  const everyMs = output.isTerminal ? LINE_EVERY_MS : PLAIN_LINE_EVERY_MS;
  const begun = performance.now();
  let before = { ms: begun, hits: load.counts.hits, misses: load.counts.misses };
  while (performance.now() - begun < forMs) {
    await Promise.race([aborted, Bun.sleep(Math.min(everyMs, forMs))]);
    if (signal.aborted) return;
    const now = performance.now();
    const hits = load.counts.hits - before.hits;
    const reads = hits + load.counts.misses - before.misses;
    const moment = {
      perSecond: Math.round((reads * 1000) / (now - before.ms)),
      hits,
      reads,
      hitMicros: reader.hitMicros.quantile(0.5),
      missMicros: reader.missMicros.quantile(0.5),
    };
    output.live((style) => loadLine(moment, style));
    reader.hitMicros.reset();
    reader.missMicros.reset();
    before = { ms: now, hits: load.counts.hits, misses: load.counts.misses };
  }
  output.endLive(true);
}

/** Runs the load on a thread of its own. */
class LoadThread {
  counts: Readonly<LoadCounts> = { hits: 0, misses: 0, failures: 0 };
  readonly #worker: Worker;
  readonly #filled = Promise.withResolvers<void>();
  readonly #begun = Promise.withResolvers<void>();
  readonly #stopped = Promise.withResolvers<void>();
  #progress: (written: number) => void = () => {};

  constructor(options: Omit<DemoLoadOptions, "random">) {
    this.#worker = new Worker(new URL("./demo-load-worker.ts", import.meta.url), { workerData: options });
    this.#worker.on("message", (message: FromLoad) => this.#heard(message));
    this.#worker.on("error", (error) => this.#heard({ failure: String(error) }));
    // Awaiting these reports a failure; if nothing awaits them, it must not count as unhandled.
    for (const { promise } of [this.#filled, this.#begun, this.#stopped]) promise.catch(() => {});
  }

  fill(progress: (written: number) => void): Promise<void> {
    this.#progress = progress;
    this.#tell("fill");
    return this.#filled.promise;
  }

  /** Resolves when the first request has been answered, or has failed. */
  start(): Promise<void> {
    this.#tell("start");
    return this.#begun.promise;
  }

  async stop(): Promise<void> {
    this.#tell("stop");
    await this.#stopped.promise;
  }

  async end(): Promise<void> {
    await this.#worker.terminate();
  }

  #tell(message: ToLoad): void {
    this.#worker.postMessage(message);
  }

  #heard({ written, filled, counts, stopped, failure }: FromLoad): void {
    if (written !== undefined) this.#progress(written);
    if (counts !== undefined) this.counts = counts;
    if (counts !== undefined && counts.hits + counts.misses + counts.failures > 0) this.#begun.resolve();
    if (filled) this.#filled.resolve();
    if (stopped) this.#stopped.resolve();
    if (failure !== undefined) {
      const error = new Error(`the load has failed: ${failure}`);
      this.#filled.reject(error);
      this.#begun.reject(error);
      this.#stopped.reject(error);
    }
  }
}
