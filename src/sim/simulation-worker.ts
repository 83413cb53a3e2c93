import { parentPort, workerData } from "node:worker_threads";
import { systemClock } from "../lib/clock.ts";
import { NumberedBatch } from "../replay/numbered-batch.ts";
import { type FromWorker, JobGroup, type ToWorker, type WorkerStart } from "./jobs.ts";

/** A thread that runs its share of the simulations. */

/** Interval at which slow jobs report progress. */
const PROGRESS_EVERY_MS = 100;

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
  let told = 0;
  let toldMs = systemClock.monotonicMs();
  group.replay(batch, message.objects, (done) => {
    const nowMs = systemClock.monotonicMs();
    if (nowMs - toldMs < PROGRESS_EVERY_MS) return;
    tell({ kind: "progress", replayed: (done - told) * batch.count });
    [told, toldMs] = [done, nowMs];
  });
  tell({ kind: "done", index: message.index, replayed: (jobs.length - told) * batch.count });
});

function tell(message: FromWorker): void {
  port.postMessage(message);
}
