import type { Logger } from "pino";
import type { ServerTls } from "../lib/tls.ts";

const DAY_MS = 86_400_000;
/** From so many days before it expires, a certificate is warned of once a day. */
const WARN_DAYS = 30;

/** Warns of a certificate that expires soon, at the start and once a day. */
export class CertificateCare {
  readonly #log: Logger;
  readonly #nowMs: () => number;
  readonly #label: string;
  #expiresAtMs = 0;

  /** @param label names the certificate's setting */
  constructor(log: Logger, label: string, nowMs: () => number) {
    this.#log = log;
    this.#label = label;
    this.#nowMs = nowMs;
    setInterval(() => this.#warn(), DAY_MS).unref();
  }

  /** From now on this certificate is in use. @returns how long it will do, for messages */
  uses({ identity }: ServerTls): string {
    this.#expiresAtMs = identity.expiresAtMs;
    this.#warn();
    return `the certificate is valid until ${new Date(identity.expiresAtMs).toISOString().slice(0, 10)}`;
  }

  #warn(): void {
    const days = Math.floor((this.#expiresAtMs - this.#nowMs()) / DAY_MS);
    if (days >= WARN_DAYS) return;
    const when =
      days < 0 ? "has expired: clients refuse it" : days === 0 ? "expires today" : `expires in ${days} days`;
    this.#log.warn(`the certificate of ${this.#label} ${when}; replace the file and send SIGHUP`);
  }
}
