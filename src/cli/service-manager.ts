import type { Logger } from "pino";

/** The lines of its protocol (`man 3 sd_notify`). */
export type Notice = "READY=1" | "RELOADING=1" | "STOPPING=1" | "WATCHDOG=1";

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Tells systemd how the service is, if systemd started it as a unit of `Type=notify`. The messages go through the program
 * `systemd-notify`, for the runtime has no datagram sockets for Unix paths; so the unit needs `NotifyAccess=all`.
 */
export class ServiceManager {
  readonly #log: Logger;
  readonly #pid: number;
  readonly #watchdogMs: number | undefined;
  #watchdog: ReturnType<typeof setInterval> | undefined;
  /** One message after the other: systemd shall not hear of them in another order. */
  #sent: Promise<void> = Promise.resolve();
  #hasFailed = false;

  private constructor(log: Logger, pid: number, watchdogMs: number | undefined) {
    this.#log = log;
    this.#pid = pid;
    this.#watchdogMs = watchdogMs;
  }

  /** @returns undefined if nobody wants to be told */
  static from(environment: Environment, pid: number, log: Logger): ServiceManager | undefined {
    if (!environment["NOTIFY_SOCKET"]) return undefined;
    const micros = Number(environment["WATCHDOG_USEC"]);
    const isMeant = (environment["WATCHDOG_PID"] ?? String(pid)) === String(pid);
    // Half of the time, as `man 3 sd_watchdog_enabled` recommends.
    return new ServiceManager(log, pid, isMeant && micros > 0 ? micros / 2000 : undefined);
  }

  /** The service serves. From now on the watchdog is told that the event loop turns. */
  ready(): void {
    this.tell("READY=1", `MAINPID=${this.#pid}`);
    if (this.#watchdogMs === undefined || this.#watchdog !== undefined) return;
    this.#watchdog = setInterval(() => this.tell("WATCHDOG=1"), this.#watchdogMs);
    this.#watchdog.unref();
  }

  /** The service ends. @returns when systemd has been told */
  stopping(): Promise<void> {
    clearInterval(this.#watchdog);
    this.tell("STOPPING=1");
    return this.#sent;
  }

  tell(notice: Notice, ...more: readonly string[]): void {
    this.#sent = this.#sent.then(() => this.#send([notice, ...more]));
  }

  async #send(lines: readonly string[]): Promise<void> {
    try {
      const child = Bun.spawn(["systemd-notify", ...lines], {
        stdin: "ignore",
        stdout: "ignore",
        stderr: "pipe",
      });
      const said = await new Response(child.stderr).text();
      if ((await child.exited) !== 0) throw new Error(said.trim());
    } catch (error) {
      if (this.#hasFailed) return;
      this.#hasFailed = true;
      this.#log.warn(`systemd cannot be told how the service is: ${(error as Error).message}`);
    }
  }
}
