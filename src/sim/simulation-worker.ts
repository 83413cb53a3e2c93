import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../lib/clock.ts";
import { type FromWorker, JobGroup, type ToWorker, type WorkerStart } from "./jobs.ts";
import { NumberedBatch } from "./numbered-batch.ts";

/** A thread that carries out its share of the simulations. */

const port = parentPort!;
const { jobs, batchRecords, buffers } = workerData as WorkerStart;
const group = new JobGroup(jobs, systemClock);
const batches = buffers.map((buffer) => new NumberedBatch(batchRecords, buffer));

port.on("message", (message: ToWorker) => {
  if (message.kind === "end") {
    tell({ kind: "results", results: group.finish() });
    return;
  }
  const batch = batches[message.index]!;
  batch.header = message.header;
  group.replay(batch, message.objects);
  tell({ kind: "done", index: message.index });
});

function tell(message: FromWorker): void {
  port.postMessage(message);
}
