import { networkInterfaces, uptime } from "node:os";
import type { Logger } from "pino";
import { EXIT_DONE, EXIT_FAILED } from "./exit.ts";
import { ServiceManager } from "./service-manager.ts";

/** A running service. */
export interface Running {
  /** Answers the requests received so far, then ends. */
  close(): Promise<void>;
}

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Starts a service and keeps it running until SIGTERM or SIGINT, then shuts it down. A second signal ends the process
 * at once, with the code that a shell reports for it.
 * @param options `untilInputEnds`: whether to end also when standard input does: the program's parent is gone then
 */
export async function serve(
  log: Logger,
  { untilInputEnds, hangUp }: { readonly untilInputEnds: boolean; readonly hangUp: HangUp },
  start: () => Promise<Running>,
): Promise<number> {
  const { promise: ending, resolve } = Promise.withResolvers<string>();
  let isEnding = false;
  const end = (signal: string) => {
    isEnding = true;
    resolve(signal);
    for (const [name, number] of Object.entries(SIGNAL_NUMBERS)) {
      process.removeListener(name, end);
      process.once(name, () => process.exit(128 + number));
    }
    // An open standard input would keep the process alive.
    if (untilInputEnds) process.stdin.destroy();
  };
  // Before the start, because a signal may come as soon as the service reports that it is ready.
  for (const name of Object.keys(SIGNAL_NUMBERS)) process.on(name, end);
  const { manager } = hangUp;
  const service = await start();
  manager?.ready();
  // A signal may have come during the start. Standard input would be opened again.
  if (untilInputEnds && !isEnding) process.stdin.once("end", () => end("end of input")).resume();
  const signal = await ending;
  log.info({ signal }, "ending: answering received requests; a second signal ends at once");
  await manager?.stopping();
  await service.close();
  log.info("ended");
  return EXIT_DONE;
}

/** Reads files again. @returns uses them, and says so if they are new; this cannot fail @throws UsageError */
type Reload = () => () => string | undefined | Promise<string | undefined>;

/**
 * What SIGHUP does; by default it would end the process. Make one as soon as there is a log. Until it is given something
 * to read again, the service is starting: it logs the signal and does nothing.
 */
export class HangUp {
  /** All of them, or none: everything is read before anything is used. */
  readonly reloads: Reload[] = [];
  /** Changes settings, all or none, and says which. @throws UsageError, RangeError */
  change: (() => Promise<readonly string[]>) | undefined;
  readonly #log: Logger;
  /** systemd, if it has started this program. */
  readonly manager: ServiceManager | undefined;
  /** One signal after the other. */
  #handled: Promise<void> = Promise.resolve();

  constructor(log: Logger) {
    this.#log = log;
    this.manager = ServiceManager.from(process.env, process.pid, log);
    process.on("SIGHUP", () => {
      this.#handled = this.#handled.then(() => this.#reload());
    });
  }

  async #reload(): Promise<void> {
    const log = this.#log;
    const signal = "SIGHUP";
    if (this.reloads.length === 0 && this.change === undefined) {
      log.warn({ signal }, "SIGHUP is ignored while the service starts: its settings are being read");
      return;
    }
    this.manager?.tell("RELOADING=1", `MONOTONIC_USEC=${monotonicMicros()}`);
    try {
      const uses = this.reloads.map((read) => read());
      const changes = (await this.change?.()) ?? [];
      const used = await Promise.all(uses.map((use) => use()));
      const said = [...changes, ...used].filter((text) => text !== undefined);
      log.info({ signal }, said.length === 0 ? "the settings are what they were" : said.join("; "));
    } catch (error) {
      log.error({ signal }, `nothing was changed: ${error instanceof Error ? error.message : String(error)}`);
    }
    this.manager?.tell("READY=1");
  }
}

/** The system's monotonic clock, which systemd compares with its own. */
function monotonicMicros(): number {
  return Math.floor(uptime() * 1e6);
}

/** Logs a fault of the program, and ends it. */
export function endOnFault(log: Logger): void {
  const fault = (error: unknown) => {
    log.fatal({ err: error }, "a fault in the program; ending");
    process.exit(EXIT_FAILED);
  };
  process.once("uncaughtException", fault);
  process.once("unhandledRejection", fault);
}

/** Returns the addresses that `host` stands for: `localhost` stands for two if the machine has both. */
export function listeningAddresses(host: string): string[] {
  if (host !== "localhost") return [host];
  const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === "::1"),
  );
  return hasIpv6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
}

/** Returns `localhost:9090 (127.0.0.1, ::1)`, or only the address if the host is one. */
export function formatListening(host: string, port: number, addresses: readonly string[]): string {
  const name = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return addresses.length === 1 && addresses[0] === host ? name : `${name} (${addresses.join(", ")})`;
}

/** What a message about listening adds about TLS. */
export function tlsText({
  port,
  tlsPort,
}: {
  readonly port: number;
  readonly tlsPort: number | undefined;
}): string {
  if (tlsPort === undefined) return "";
  return tlsPort === port ? " with TLS" : `, with TLS on port ${tlsPort}`;
}
