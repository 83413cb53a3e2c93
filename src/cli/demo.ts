import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ChildProcess } from "./child-process.ts";
import { DemoOutput } from "./demo-output.ts";
import { type DemoValues, runTour } from "./demo-tour.ts";
import { EXIT_DONE, EXIT_FAILED } from "./exit.ts";
import { duration, port, setting, size } from "./setting.ts";
import { standardOutput } from "./standard-output.ts";
import { subcommand } from "./subcommand.ts";

/** Closing the terminal ends the demo, too. */
const ENDING_SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

export const demo = subcommand({
  name: "demo",
  summary: "a server, a proxy and a guided tour",
  description:
    "Starts a server (its data in a temporary directory) and a proxy, shows how a read-through cache works, runs load for some seconds, and then serves until Ctrl-C.",
  examples: [
    ["glasscache demo", "server on port 9090, proxy on port 8080"],
    ["glasscache demo --memory 16mb --seconds 20", "a larger cache, a longer load"],
    ["glasscache demo --origin-delay 20ms", "a more distant server, so that misses cost more"],
  ],
  settings: {
    serverPort: setting(port(0), "9090", { placeholder: "<port>", description: "port of the server" }),
    proxyPort: setting(port(0), "8080", { placeholder: "<port>", description: "port of the proxy" }),
    memory: setting(size({ least: "1mb" }), "4mb", {
      placeholder: "<size>",
      description: "memory of the proxy's cache; small, so that it must evict",
    }),
    seconds: setting(duration({ most: "1h" }), "6s", {
      placeholder: "<time>",
      description: "duration of the load",
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
