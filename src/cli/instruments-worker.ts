import * as os from "node:os";
import { parentPort, workerData } from "node:worker_threads";
import { AdminListenError } from "../admin/http-listener.ts";
import { bundlePage } from "../admin/page-bundle.ts";
import { AdminServer } from "../admin/server.ts";
import type { FromInstruments, InstrumentsStart, ToInstruments } from "../admin/thread-messages.ts";
import { systemClock } from "../lib/clock.ts";
import { openInstruments } from "./service-instruments.ts";
import { userCredentials } from "./user-credentials.ts";

/** How often to read what has happened. The rings have room for far more. */
const TICK_MS = 20;
/** Below the service's own threads (`man 2 setpriority`): they go first if there is not enough processor time. */
const PRIORITY = 5;

/** The entry point of a worker: the thread of the instruments, which also serves the admin port. */
runInstruments(workerData as InstrumentsStart);

function runInstruments(start: InstrumentsStart): void {
  lowerPriority();
  const instruments = openInstruments(start);
  let server: AdminServer | undefined;
  if (start.admin !== undefined) {
    try {
      server = AdminServer.open({
        ...start.admin,
        credentials: userCredentials(start.source.users),
        view: instruments.view,
        page: bundlePage,
        clock: systemClock,
      });
    } catch (error) {
      if (!(error instanceof AdminListenError)) throw error;
      tell({ type: "refused", message: error.message });
    }
  }
  const timer = setInterval(() => {
    if (instruments.tick()) setImmediate(() => instruments.tick());
  }, TICK_MS);
  parentPort!.on("message", async (message: ToInstruments) => {
    if (message.type === "tls") {
      server?.replaceTls(message.settings);
      return;
    }
    clearInterval(timer);
    instruments.close();
    await server?.close();
    tell({ type: "ended" });
    parentPort!.close();
  });
  tell({ type: "ready", port: server?.port });
}

/** Where the system does not allow it, the instruments run like everything else. */
function lowerPriority(): void {
  try {
    // On Linux 0 means the present thread; elsewhere it would be the whole process.
    if (process.platform === "linux") os.setPriority(0, PRIORITY);
  } catch {
    // They keep to their budget all the same.
  }
}

function tell(message: FromInstruments): void {
  parentPort!.postMessage(message);
}
