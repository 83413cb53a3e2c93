import { mkdtempSync, rmSync } from "node:fs";
import { connect as connectSocket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemRandom } from "../lib/random.ts";
import { ChildProcess } from "./child-process.ts";
import { DemoLoad, type LoadCounts } from "./demo-load.ts";
import { EXIT_DONE, EXIT_FAILED } from "./exit.ts";
import { duration, port, setting, size } from "./setting.ts";
import { standardOutput } from "./standard-output.ts";
import { subcommand } from "./subcommand.ts";

const KEYS = 50_000;
const VALUE_BYTES = 200;
const ALPHA = 0.9;
const CONNECTIONS = 32;
const LINE_EVERY_MS = 250;
/** Where lines cannot be rewritten, fewer of them. */
const PLAIN_LINE_EVERY_MS = 1000;

export const demo = subcommand({
  name: "demo",
  summary: "a server, a proxy and a guided tour",
  description:
    "Starts a server (its data in a temporary directory) and a proxy, shows how a read-through cache works, puts load on it for some seconds, and then keeps serving until Ctrl-C.",
  examples: [
    ["glasscache demo", "server on port 9090, proxy on port 8080"],
    ["glasscache demo --memory 16mb --seconds 20", "a larger cache, more of the load"],
  ],
  settings: {
    serverPort: setting(port(0), "9090", { placeholder: "<port>", description: "port of the server" }),
    proxyPort: setting(port(0), "8080", { placeholder: "<port>", description: "port of the proxy" }),
    memory: setting(size({ least: "1mb" }), "4mb", {
      placeholder: "<size>",
      description: "memory of the proxy's cache; small, so that it has to choose",
    }),
    seconds: setting(duration({ most: "1h" }), "6s", {
      placeholder: "<time>",
      description: "how long to put load on it",
    }),
  },
  async run({ values }) {
    const directory = mkdtempSync(join(tmpdir(), "glasscache-demo-"));
    const children: ChildProcess[] = [];
    const interrupted = new Promise<"interrupted">((resolve) => {
      process.once("SIGINT", () => resolve("interrupted"));
      process.once("SIGTERM", () => resolve("interrupted"));
    });
    try {
      const { promise: childEnded, resolve: onChildEnded } = Promise.withResolvers<ChildProcess>();
      const start = (args: readonly string[]): ChildProcess => {
        const child = new ChildProcess(args);
        children.push(child);
        child.ready.then(
          () => child.exited.then(() => onChildEnded(child)),
          // The tour waits for it to be ready, and tells.
          () => undefined,
        );
        return child;
      };
      const tour = runTour(values, directory, start, interrupted);
      const ended = await Promise.race([tour, interrupted, childEnded]);
      if (ended instanceof ChildProcess) {
        process.stderr.write(`glasscache demo: the ${ended.name} has ended:\n${ended.messages}\n`);
        return EXIT_FAILED;
      }
      say("\nEnding.");
      return EXIT_DONE;
    } finally {
      await Promise.all(children.map((child) => child.stop()));
      rmSync(directory, { recursive: true, force: true });
    }
  },
});

interface DemoValues {
  readonly serverPort: number;
  readonly proxyPort: number;
  readonly memory: number;
  readonly seconds: number;
}

/** Shows everything, then goes on serving until it is interrupted. */
async function runTour(
  values: DemoValues,
  directory: string,
  start: (args: readonly string[]) => ChildProcess,
  interrupted: Promise<"interrupted">,
): Promise<"interrupted"> {
  say(bold("Glasscache: the read-through cache you can see through\n"));
  const server = start(["server", "--port", String(values.serverPort), "--data", directory]);
  const serverPort = (await readyOr(server, "--server-port")).port;
  say(`A server keeps keys and values:           localhost:${serverPort}   (data in ${directory})`);
  const proxy = start([
    "proxy",
    ...["--port", String(values.proxyPort), "--origin", `localhost:${serverPort}`],
    ...["--memory", `${values.memory}b`],
  ]);
  const proxyPort = (await readyOr(proxy, "--proxy-port")).port;
  say(`A proxy answers from its cache if it can:  localhost:${proxyPort}\n`);

  say(bold("Three requests, sent to the proxy"));
  const steps = [
    [
      "PUT shashank=softwareEngineer",
      "stored by the server; the proxy only makes sure it holds nothing older",
    ],
    ["GET shashank", "a miss: the proxy asks the server, and keeps the answer"],
    ["GET shashank", "a hit: answered by the proxy alone"],
  ] as const;
  for (const [request, explanation] of steps) {
    const reply = await exchange(proxyPort, request);
    say(`  ${request.padEnd(31)} ->  ${colourSource(reply)}`);
    say(dim(`  ${" ".repeat(31)}      ${explanation}`));
  }

  say(
    `\n${bold("Load")}: ${CONNECTIONS} clients read ${KEYS.toLocaleString("en")} keys, popular ones more often`,
  );
  say(`(Zipf, alpha ${ALPHA}), through a cache that has room for some of them.`);
  const load = new DemoLoad({
    port: proxyPort,
    keys: KEYS,
    alpha: ALPHA,
    valueBytes: VALUE_BYTES,
    connections: CONNECTIONS,
    random: systemRandom,
  });
  await load.fill();
  await load.start();
  const stopped = await showLoad(load.counts, values.seconds, interrupted);
  await load.stop();
  if (stopped) return "interrupted";
  showSummary(load.counts);
  showNextSteps(serverPort, proxyPort);
  return interrupted;
}

async function readyOr(child: ChildProcess, flag: string) {
  try {
    return await child.ready;
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    throw new Error(message.includes("port is in use") ? message.replace("--port", flag) : message);
  }
}

/** One request in the text protocol, on a connection of its own. */
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

/** A line that is rewritten where the output is a terminal. @returns whether it was interrupted */
async function showLoad(counts: LoadCounts, forMs: number, interrupted: Promise<string>): Promise<boolean> {
  const isTerminal = standardOutput().isTTY === true;
  const everyMs = isTerminal ? LINE_EVERY_MS : PLAIN_LINE_EVERY_MS;
  const begun = performance.now();
  let before = { ms: begun, hits: 0, misses: 0 };
  let stopped = false;
  void interrupted.then(() => {
    stopped = true;
  });
  while (!stopped && performance.now() - begun < forMs) {
    await Promise.race([interrupted, Bun.sleep(Math.min(everyMs, forMs))]);
    const now = performance.now();
    const hits = counts.hits - before.hits;
    const misses = counts.misses - before.misses;
    const perSecond = Math.round(((hits + misses) * 1000) / (now - before.ms));
    const line =
      `  ${perSecond.toLocaleString("en").padStart(9)} requests/s   ` +
      `hit ratio ${percent(hits, hits + misses)} ${bar(hits, hits + misses)}   ` +
      `hit ${micros(counts.hitMicros.quantile(0.5))}, miss ${micros(counts.missMicros.quantile(0.5))}`;
    standardOutput().write(isTerminal ? `\r\x1b[K${fitted(line)}` : `${line}\n`);
    counts.hitMicros.reset();
    counts.missMicros.reset();
    before = { ms: now, hits: counts.hits, misses: counts.misses };
  }
  if (isTerminal) standardOutput().write("\n");
  return stopped;
}

function showSummary(counts: LoadCounts): void {
  const total = counts.hits + counts.misses;
  say(
    `\n${total.toLocaleString("en")} reads: ${percent(counts.hits, total)} answered by the proxy's cache, ` +
      `${counts.misses.toLocaleString("en")} asked of the server` +
      (counts.failures > 0 ? `, ${counts.failures.toLocaleString("en")} failed.` : "."),
  );
}

function showNextSteps(serverPort: number, proxyPort: number): void {
  say(`\n${bold("Now try it yourself, in a second terminal")}`);
  const steps = [
    [`bin/glasscache client --port ${proxyPort}`, "interactive: GET shashank, PUT a=b, DUMP"],
    [`redis-cli -p ${proxyPort} GET shashank`, "any Redis client works"],
    [`redis-cli -p ${proxyPort} CONFIG SET policy lru`, "another eviction policy, entries kept"],
    [`redis-cli -p ${proxyPort} INFO stats`, "what the cache has done"],
    [`redis-cli -p ${serverPort} SET shashank changed`, "write past the proxy: its entry is gone at once"],
    [`echo "GET shashank" | nc localhost ${proxyPort}`, "the text protocol"],
  ] as const;
  for (const [command, what] of steps) say(`  ${command.padEnd(48)} ${dim(what)}`);
  say("\nServing until Ctrl-C.");
}

function say(text: string): void {
  standardOutput().write(`${text}\n`);
}

function isColourful(): boolean {
  return standardOutput().isTTY === true && !process.env["NO_COLOR"];
}

function bold(text: string): string {
  return isColourful() ? `\x1b[1m${text}\x1b[0m` : text;
}

function dim(text: string): string {
  return isColourful() ? `\x1b[2m${text}\x1b[0m` : text;
}

function colourSource(reply: string): string {
  if (!isColourful()) return reply;
  return reply
    .replace("{Proxy Server}", "\x1b[32m{Proxy Server}\x1b[0m")
    .replace("{Backend Server}", "\x1b[33m{Backend Server}\x1b[0m");
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "    –" : `${((100 * part) / whole).toFixed(1)}%`.padStart(5);
}

function bar(part: number, whole: number): string {
  const cells = 20;
  const full = whole === 0 ? 0 : Math.round((cells * part) / whole);
  return "█".repeat(full) + "░".repeat(cells - full);
}

function micros(value: number): string {
  return value === 0 ? "–" : value < 1000 ? `${value} µs` : `${(value / 1000).toFixed(1)} ms`;
}

/** Cut to the terminal's width, so that rewriting it never leaves a line behind. */
function fitted(line: string): string {
  const columns = standardOutput().columns || 80;
  return line.length < columns ? line : line.slice(0, columns - 1);
}
