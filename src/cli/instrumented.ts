import { InstrumentsThread, type Observed } from "../admin/instruments-thread.ts";
import { systemClock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { ServerTls } from "../lib/tls.ts";
import { FailedError } from "./exit.ts";
import type { InstrumentsPlan } from "./instrument-settings.ts";
import { formatListening, listeningAddresses } from "./serve.ts";
import type { SecuredService } from "./tls-settings.ts";

/**
 * Starts the instruments of a service.
 * @returns the service with its instruments, which end after it
 * @throws FailedError if the port that the user chose is taken; the service is closed then
 */
export async function withInstruments(
  service: SecuredService & Observed,
  { settings, admin, needsPort }: InstrumentsPlan,
  log: Log,
): Promise<SecuredService> {
  const thread = await InstrumentsThread.start({
    observed: service,
    worker: new URL("./instruments-worker.ts", import.meta.url),
    clock: systemClock,
    ...{ settings, admin, log },
  });
  const close = async (): Promise<void> => {
    await service.close();
    await thread.close();
  };
  if (admin !== undefined && thread.port === undefined && needsPort) {
    await close();
    throw new FailedError("the admin port could not be opened: choose another by --admin, or --admin off");
  }
  if (admin !== undefined && thread.port !== undefined) {
    log.info(
      { admin: { host: admin.host, port: thread.port } },
      `admin port ${formatListening(admin.host, thread.port, listeningAddresses(admin.host))}` +
        `${admin.tls === undefined ? "" : " with TLS"}: metrics, health, API`,
    );
  }
  const replaceTls = (settings: ServerTls): void => {
    service.replaceTls(settings);
    thread.replaceTls(settings);
  };
  return { close, replaceTls };
}
