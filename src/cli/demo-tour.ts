import { connect as connectSocket } from "node:net";
import { setTimeout } from "node:timers/promises";
import { LEARN_LINKS } from "../admin/page.ts";
import type { ChildProcess, Ready } from "./child-process.ts";
import { isChangedUnseen, isReadByLoad } from "./demo-keys.ts";
import type { LoadThread } from "./demo-load-thread.ts";
import type { DemoOutput } from "./demo-output.ts";
import { PHASES } from "./demo-phases.ts";
import { DelayedRelay } from "./demo-relay.ts";
import { nextStepsText, partText, stepText, titleText, watchedText } from "./demo-screen.ts";
import { type DemoValues, kept, type Surroundings } from "./demo-surroundings.ts";
import { beginLoad, connectLoad, showPhases } from "./demo-tour-load.ts";
import { DemoWatch } from "./demo-watch.ts";
import { FailedError } from "./exit.ts";

/** After the tour the phases come round again, more slowly. */
export const LATER_PHASE_MS = 60_000;

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
  const tour = tell(values, parts, { output, signal, aborted, undo }).catch((error) => {
    // Errors caused by the end are not failures.
    if (!signal.aborted) throw error;
  });
  await Promise.race([tour, aborted]);
  if (!signal.aborted) await aborted;
  output.endLive(true);
}

async function tell(
  values: DemoValues,
  { directory, start }: Pick<TourParts, "directory" | "start">,
  surroundings: Surroundings,
): Promise<void> {
  const { output, signal } = surroundings;
  const { originDelay } = values;
  output.say(titleText);
  const server = start([
    "server",
    "--port",
    String(values.serverPort),
    "--data",
    directory,
    "--admin",
    "off",
  ]);
  const serverPort = (await readyOr(server, "server-port")).port;
  if (signal.aborted) return;
  output.say((style) =>
    partText("A server keeps keys and values:", `localhost:${serverPort} (data in ${directory})`, style),
  );
  const load = beginLoad(serverPort, surroundings);
  const relay = await DelayedRelay.start(serverPort, originDelay);
  if (!(await kept(relay, surroundings))) return;
  const proxy = start([
    "proxy",
    ...["--port", String(values.proxyPort), "--origin", `127.0.0.1:${relay.port}`],
    ...["--memory", `${values.memory}b`],
    ...(values.adminPort === undefined ? [] : ["--admin", `localhost:${values.adminPort}`]),
  ]);
  const ready = await readyOr(proxy, "proxy-port");
  const proxyPort = ready.port;
  output.say((style) =>
    partText("A proxy answers from its cache if it can:", `localhost:${proxyPort}`, style),
  );
  tellDashboard(ready, proxy, values, output);
  await showSteps(proxyPort, output, signal);
  if (signal.aborted) return;
  await connectLoad(values, proxyPort, load, surroundings);
  if (signal.aborted) return;
  await showPhases(values, proxyPort, load, ready.admin !== undefined, surroundings);
  if (signal.aborted) return;
  void goOn(load, values.rateAfter, signal);
  // Started before the ports are shown, so that it misses nothing that the user tries.
  const show = (line: string) => output.say((style) => watchedText(line, style));
  const own = {
    addresses: load.addresses,
    isAtServer: (address: string) => relay.has(address) || load.serverAddresses.has(address),
    reads: isReadByLoad,
    changes: isChangedUnseen,
  };
  const watch = await DemoWatch.start(serverPort, proxyPort, own, show);
  if (!(await kept(watch, surroundings))) return;
  output.say((style) => `\n${nextStepsText(serverPort, proxyPort, process.platform, style)}`);
}

/** Says where the dashboard is, or why there is none. */
function tellDashboard(
  { hasAdmin, admin }: Ready,
  proxy: ChildProcess,
  { adminPort }: DemoValues,
  output: DemoOutput,
): void {
  if (admin !== undefined) {
    const host = admin.host.includes(":") ? `[${admin.host}]` : admin.host;
    const address = `http://${host}:${admin.port}/`;
    output.say((style) => partText("Watch it in a browser, the dashboard:", style.bold(address), style));
    const lessons = `${address}${LEARN_LINKS.lessons!.slice(1)}`;
    output.say((style) => `${partText("Why it does so, in lessons:", lessons, style)}\n`);
    return;
  }
  if (hasAdmin === true) {
    const problem = adminProblem(proxy);
    if (adminPort !== undefined) throw new FailedError(`glasscache proxy: ${problem}`);
    output.say((style) => partText("There is no dashboard:", `${problem}`, style));
  }
  output.say(() => "");
}

function adminProblem(proxy: ChildProcess): string {
  const end = "; the admin port is off";
  const line = proxy.messages.split("\n").find((message) => message.endsWith(end)) ?? end;
  return line.slice(0, -end.length).replace(" with --admin", optionText("admin-port"));
}

/** Has the phases come round until the demo ends, so that the dashboard is never empty. */
async function goOn(load: LoadThread, readsPerSecond: number, signal: AbortSignal): Promise<void> {
  if (readsPerSecond === 0) await load.end();
  for (let turn = 0; readsPerSecond > 0 && !signal.aborted; turn++) {
    load.enter({ ...PHASES[turn % PHASES.length]!, readsPerSecond, durationMs: LATER_PHASE_MS });
    // A timer that went on would keep the process alive.
    await setTimeout(LATER_PHASE_MS, undefined, { signal }).catch(() => {});
  }
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
    throw new FailedError(message.replace(" with --port", optionText(flag)));
  }
}

/** How to give an option: npm passes on what follows its own --. */
function optionText(flag: string): string {
  return process.env["npm_lifecycle_event"] === "start"
    ? `: npm start -- --${flag} <port>`
    : ` with --${flag}`;
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
