/** Runs the demo's load on a thread of its own, so that it does not delay the client whose times are measured. */
import { parentPort, workerData } from "node:worker_threads";
import { SeededRandom } from "../lib/random.ts";
import { DemoLoad, type DemoLoadOptions } from "./demo-load.ts";
import type { FromLoad, ToLoad } from "./demo-load-messages.ts";

const COUNTS_EVERY_MS = 50;

const port = parentPort!;
const { seed, ...options } = workerData as Omit<DemoLoadOptions, "random"> & { readonly seed: number };
const load = new DemoLoad({ ...options, random: new SeededRandom(seed) });
const tell = (message: FromLoad) => port.postMessage(message);

port.on("message", async (message: ToLoad) => {
  try {
    if (message === "fill") {
      await load.fill((written) => tell({ written }));
      tell({ filled: true });
    } else if ("proxyPort" in message) {
      await load.connect(message.proxyPort, tell);
      tell({ connected: true });
      setInterval(() => tell({ counts: { ...load.counts } }), COUNTS_EVERY_MS);
    } else load.enter(message);
  } catch (error) {
    tell({ failure: error instanceof Error ? error.message : String(error) });
  }
});
