import type {
  BiographyReport,
  FamiliesReport,
  HealthReport,
  HistoryReport,
  HotKeysReport,
  ToldSetting,
  WhatIfReport,
} from "../../instruments/view.ts";
import type { Clock } from "../../lib/clock.ts";
import { FailedError } from "../exit.ts";
import { type CountersReport, NoAnswer, type Reader, type Readings, type Wanted } from "./readings.ts";
import { safeText } from "./safe-text.ts";

/** The long history is read again when it is so old. */
const PAST_AGE_MS = 10_000;
/** Hot keys and families to ask for. */
const ROWS = 200;
const NOT_FOUND = 404;
const UNAUTHORIZED = 401;
const UNAVAILABLE = 503;

/** Network errors after which asking again is of use. */
const PASSING = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "ETIMEDOUT", "EHOSTUNREACH", "ENETUNREACH"]);

/** The runtime's options of `fetch` for TLS. */
export interface FetchTls {
  readonly ca?: string;
  readonly rejectUnauthorized?: boolean;
}

export type Fetch = (
  url: string,
  init: RequestInit & { readonly tls?: FetchTls | undefined },
) => Promise<Response>;

export interface AdminClientOptions {
  /** `host:port` */
  readonly address: string;
  /** How to speak TLS; undefined: the port is plain. */
  readonly tls?: FetchTls | undefined;
  /** Empty: the default one. */
  readonly user: string;
  readonly password: string | undefined;
  /** For each request; 0: none. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  readonly fetch?: Fetch;
}

/** The password is missing or wrong. */
export class PasswordRefused extends FailedError {
  override name = "PasswordRefused";
}

/** Reads figures from an admin port over HTTP. */
export class AdminClient implements Reader {
  readonly #options: AdminClientOptions;
  readonly #fetch: Fetch;
  #past: { readonly history: HistoryReport; readonly readMs: number } | undefined;
  #hasAnswered = false;

  constructor(options: AdminClientOptions) {
    this.#options = options;
    this.#fetch = options.fetch ?? fetch;
  }

  async read(wanted: Wanted, signal?: AbortSignal): Promise<Readings> {
    // Alone, so that a wrong password counts once.
    const counters = await this.#get<CountersReport>("/api/counters", signal);
    if (!Array.isArray(counters?.metrics)) throw this.#isNoAdminPort();
    const [health, { settings }, recent, past, whatIf, families, biography, ...hot] = await Promise.all([
      this.#get<HealthReport>("/health", signal, UNAVAILABLE),
      this.#get<{ readonly settings: readonly ToldSetting[] }>("/api/settings", signal),
      this.#get<HistoryReport>("/api/history?from=-10000&step=1000", signal),
      this.#pastHistory(signal),
      wanted.whatIf
        ? this.#get<WhatIfReport | { error: string }>("/api/what-if", signal, NOT_FOUND)
        : undefined,
      wanted.families ? this.#get<FamiliesReport>(`/api/families?count=${ROWS}`, signal) : undefined,
      wanted.biography === undefined ? undefined : this.#biography(wanted.biography, signal),
      ...wanted.hot.map((by) => this.#get<HotKeysReport>(`/api/hot?by=${by}&count=${ROWS}`, signal)),
    ]);
    this.#hasAnswered = true;
    return {
      counters,
      health,
      settings,
      recent,
      past,
      ...(whatIf === undefined ? {} : { whatIf: "curves" in whatIf ? whatIf : null }),
      ...(families === undefined ? {} : { families }),
      ...(biography === undefined ? {} : { biography }),
      hot: Object.fromEntries(hot.map((report) => [report.by, report])),
    };
  }

  async #biography(asked: string, signal: AbortSignal | undefined): Promise<Readings["biography"]> {
    // In base64, because a path cannot have every name.
    const name = Buffer.from(asked).toString("base64url");
    return { asked, report: await this.#get<BiographyReport>(`/api/keys/${name}?encoding=base64`, signal) };
  }

  async #pastHistory(signal: AbortSignal | undefined): Promise<HistoryReport> {
    const nowMs = this.#options.clock.monotonicMs();
    if (this.#past === undefined || nowMs - this.#past.readMs >= PAST_AGE_MS) {
      const history = await this.#get<HistoryReport>("/api/history?from=-600000&step=10000", signal);
      this.#past = { history, readMs: nowMs };
    }
    return this.#past.history;
  }

  /** @param expected a status besides 200 whose body is an answer, too */
  async #get<T>(path: string, signal: AbortSignal | undefined, expected?: number): Promise<T> {
    const { address, tls, user, password, timeoutMs } = this.#options;
    const signals = [signal, timeoutMs > 0 ? AbortSignal.timeout(timeoutMs) : undefined];
    const headers: Record<string, string> = { accept: "application/json" };
    if (password !== undefined) {
      headers["authorization"] = `Basic ${btoa(unicodeBytes(`${user}:${password}`))}`;
    }
    let response: Response;
    let body: string;
    try {
      response = await this.#fetch(`${tls === undefined ? "http" : "https"}://${address}${path}`, {
        ...(tls && { tls }),
        headers,
        redirect: "manual",
        signal: AbortSignal.any(signals.filter((one) => one !== undefined)),
      });
      body = await response.text();
    } catch (error) {
      if (signal?.aborted) throw error;
      throw this.#failure(error as Error & { code?: string });
    }
    const { status } = response;
    const value = parsed(body);
    if ((response.ok || status === expected) && value !== undefined) return value as T;
    if (status === UNAUTHORIZED) throw this.#refusal();
    throw this.#problem(status, value);
  }

  #refusal(): Error {
    const { address, password } = this.#options;
    return new PasswordRefused(
      password === undefined ? `${address} requires a password` : `${address} does not accept the password`,
    );
  }

  #problem(status: number, value: unknown): Error {
    const { address } = this.#options;
    const said =
      typeof value === "object" && value !== null && "error" in value ? String(value.error) : undefined;
    if (said === undefined && status < 500) return this.#isNoAdminPort();
    const message = `${address} answers with status ${status}${said === undefined ? "" : `: ${safeText(said)}`}`;
    return status >= 500 ? new NoAnswer(message) : new FailedError(message);
  }

  #isNoAdminPort(): FailedError {
    return new FailedError(
      `${this.#options.address} answers, but is not the admin port of a Glasscache; ` +
        "a proxy's is localhost:8081 unless --admin says otherwise",
    );
  }

  #failure({ name, code = "", message }: Error & { code?: string }): Error {
    const { address } = this.#options;
    if (name === "TimeoutError") return new NoAnswer(`${address} does not answer in time`);
    if (isCertificateError(code)) {
      return new FailedError(
        `the certificate of ${address} is not trusted (${safeText(message)}); --ca names who vouches for it`,
      );
    }
    if (code === "ECONNREFUSED") return new NoAnswer(`nothing listens on ${address}`);
    if (code === "ENOTFOUND" || code === "EAI_AGAIN") {
      const failed = `the host of ${address} is not known`;
      return this.#hasAnswered ? new NoAnswer(failed) : new FailedError(failed);
    }
    if (!this.#hasAnswered && !PASSING.has(code)) return this.#speaksOtherProtocol();
    if (!this.#hasAnswered && code === "ECONNRESET") return this.#speaksOtherProtocol();
    return new NoAnswer(`connection to ${address} lost: ${safeText(code || message)}`);
  }

  /** A port of Redis's protocol ends a connection that sends HTTP. */
  #speaksOtherProtocol(): FailedError {
    return new FailedError(
      `${this.#options.address} does not speak HTTP; if it is the port of clients, give the admin port, ` +
        "localhost:8081 unless --admin says otherwise",
    );
  }
}

function parsed(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return undefined;
  }
}

/** `btoa` takes characters for bytes. */
function unicodeBytes(text: string): string {
  return String.fromCharCode(...new TextEncoder().encode(text));
}

/** Codes that OpenSSL and the runtime give to certificates that do not count. */
function isCertificateError(code: string): boolean {
  return /CERT|VERIFY/.test(code);
}
