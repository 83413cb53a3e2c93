import { networkInterfaces } from "node:os";
import type { Logger } from "pino";
import { EXIT_DONE, EXIT_FAILED } from "./exit.ts";

/** What listens, until it is told to end. */
export interface Running {
  /** Answers what has been asked, then ends. */
  close(): Promise<void>;
}

const SIGNAL_NUMBERS = { SIGINT: 2, SIGTERM: 15 } as const;

/**
 * Starts a service and keeps it running until SIGTERM or SIGINT, then ends it in order. A second signal ends the
 * process at once, with the code that a shell reports for it.
 * @param untilInputEnds end as well when standard input does: whoever started this program is gone then
 */
export async function serve(
  log: Logger,
  untilInputEnds: boolean,
  start: () => Promise<Running>,
): Promise<number> {
  const { promise: ending, resolve } = Promise.withResolvers<string>();
  const end = (signal: string) => {
    resolve(signal);
    for (const [name, number] of Object.entries(SIGNAL_NUMBERS)) {
      process.removeListener(name, end);
      process.once(name, () => process.exit(128 + number));
    }
    // Reading it would keep the process alive.
    if (untilInputEnds) process.stdin.destroy();
  };
  // From the start: a signal may come as soon as the service has said that it is ready.
  for (const name of Object.keys(SIGNAL_NUMBERS)) process.on(name, end);
  const service = await start();
  if (untilInputEnds) process.stdin.once("end", () => end("end of input")).resume();
  const signal = await ending;
  log.info({ signal }, "ending: answering what has been asked; once more ends at once");
  await service.close();
  log.info("ended");
  return EXIT_DONE;
}

/** SIGHUP, which would end the process at once, is logged and ignored. To be called as early as there is a log. */
export function ignoreHangUp(log: Logger): void {
  process.on("SIGHUP", () => {
    log.warn(
      { signal: "SIGHUP" },
      "SIGHUP is ignored: settings are read at the start; restart to change them",
    );
  });
}

/** A fault of the program goes into the log like everything else, and ends it. */
export function endOnFault(log: Logger): void {
  const fault = (error: unknown) => {
    log.fatal({ err: error }, "a fault in the program; it ends");
    process.exit(EXIT_FAILED);
  };
  process.once("uncaughtException", fault);
  process.once("unhandledRejection", fault);
}

/** The addresses that listening on `host` means: `localhost` has two where the machine has both. */
export function listeningAddresses(host: string): string[] {
  if (host !== "localhost") return [host];
  const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
    addresses?.some(({ address }) => address === "::1"),
  );
  return hasIpv6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"];
}

/** `localhost:9090 (127.0.0.1, ::1)`, or the address alone where it is its own name. */
export function formatListening(host: string, port: number, addresses: readonly string[]): string {
  const name = host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`;
  return addresses.length === 1 && addresses[0] === host ? name : `${name} (${addresses.join(", ")})`;
}
