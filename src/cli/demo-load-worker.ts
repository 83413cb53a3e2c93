/** Runs the demo's load on a thread of its own, so that it does not delay the client whose times are measured. */
import { parentPort, workerData } from "node:worker_threads";
import { systemRandom } from "../lib/random.ts";
import { DemoLoad, type DemoLoadOptions, type FromLoad, type ToLoad } from "./demo-load.ts";

const COUNTS_EVERY_MS = 50;

const port = parentPort!;
const load = new DemoLoad({ ...(workerData as Omit<DemoLoadOptions, "random">), random: systemRandom });
const tell = (message: FromLoad) => port.postMessage(message);

port.on("message", async (message: ToLoad) => {
  try {
    if (message === "fill") {
      await load.fill((written) => tell({ written }));
      tell({ filled: true });
    } else if (message === "start") {
      await load.start();
      const timer = setInterval(() => tell({ counts: { ...load.counts } }), COUNTS_EVERY_MS);
      port.on("message", async (next: ToLoad) => {
        if (next !== "stop") return;
        clearInterval(timer);
        await load.stop();
        tell({ counts: { ...load.counts } });
        tell({ stopped: true });
      });
    }
  } catch (error) {
    tell({ failure: error instanceof Error ? error.message : String(error) });
  }
});
