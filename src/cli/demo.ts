import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChildProcess } from "./child-process.ts";
import { DemoOutput } from "./demo-output.ts";
import type { DemoValues } from "./demo-surroundings.ts";
import { runTour } from "./demo-tour.ts";
import { EXIT_DONE, EXIT_FAILED } from "./exit.ts";
import { count, duration, optionalSetting, port, type Reader, setting, size } from "./setting.ts";
import { standardOutput } from "./standard-output.ts";
import { subcommand } from "./subcommand.ts";

/** Closing the terminal ends the demo, too. */
const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** Reads a time; a number alone means seconds, as the option is called so. */
const seconds: Reader<number> = (text) =>
  duration({ most: "1h" })(/^[0-9.]+$/.test(text) ? `${text}s` : text);

export const demo = subcommand({
  name: "demo",
  summary: "a server, a proxy and a guided tour",
  description:
    "Starts a server (its data in a temporary directory) and a proxy with its dashboard, shows how a read-through cache works, runs load in phases that are worth watching, and then serves until Ctrl-C under a gentle load. The server has no admin port.",
  examples: [
    ["glasscache demo", "server on port 9090, proxy on port 8080, dashboard on http://localhost:8081/"],
    ["glasscache demo --memory 16mb --seconds 20", "a larger cache, longer phases"],
    ["glasscache demo --rate 0", "as much load as there can be"],
    ["glasscache demo --origin-delay 20ms", "a more distant server, so that misses cost more"],
  ],
  settings: {
    serverPort: setting(port(0), "9090", { placeholder: "<port>", description: "port of the server" }),
    proxyPort: setting(port(0), "8080", { placeholder: "<port>", description: "port of the proxy" }),
    adminPort: optionalSetting(port(0), {
      placeholder: "<port>",
      description: "port of the dashboard; by default 8081, or no dashboard if that is taken",
    }),
    memory: setting(size({ least: "1mb" }), "4mb", {
      placeholder: "<size>",
      description: "memory of the proxy's cache; small, so that it must evict",
    }),
    seconds: setting(seconds, "6s", {
      placeholder: "<time>",
      description: "duration of each phase of the load",
    }),
    rate: setting(count({ most: "1000000" }), "2000", {
      placeholder: "<count>",
      description: "reads a second during the tour; 0: as many as there can be",
    }),
    rateAfter: setting(count({ most: "1000000" }), "200", {
      placeholder: "<count>",
      description: "reads a second after the tour, until the demo ends; 0: none",
    }),
    originDelay: setting(duration({ most: "10s" }), "2ms", {
      placeholder: "<time>",
      description: "delay of the server's replies to the proxy; 0: none",
    }),
  },
  async run({ values }) {
    const output = new DemoOutput(standardOutput());
    const directory = mkdtempSync(join(tmpdir(), "glasscache-demo-"));
    const children: ChildProcess[] = [];
    const ending = new AbortController();
    for (const [index, signal] of ENDING_SIGNALS.entries()) {
      const number = [2, 15, 1][index]!;
      process.on(signal, () => {
        if (ending.signal.aborted) {
          // On a second signal, exits at once. The child processes end because their standard input closes.
          rmSync(directory, { recursive: true, force: true });
          process.exit(128 + number);
        }
        ending.abort("signal");
      });
    }
    const start = (args: readonly string[]): ChildProcess => {
      const child = new ChildProcess(args);
      children.push(child);
      // Until the child is ready, the tour awaits it and reports failures.
      child.ready.then(
        () => child.exited.then(() => ending.abort(child)),
        () => undefined,
      );
      return child;
    };
    try {
      await runTour(values satisfies DemoValues, { directory, start, output, signal: ending.signal });
      const ended = ending.signal.reason;
      output.end(ended instanceof ChildProcess ? "" : "\nEnding.");
      if (!(ended instanceof ChildProcess)) return EXIT_DONE;
      process.stderr.write(`glasscache demo: the ${ended.name} has ended:\n${ended.messages}\n`);
      return EXIT_FAILED;
    } finally {
      output.end("");
      await Promise.all(children.map((child) => child.stop()));
      rmSync(directory, { recursive: true, force: true });
    }
  },
});
