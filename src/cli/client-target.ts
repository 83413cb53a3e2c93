import {
  AuthenticationError,
  type Client,
  ConnectError,
  type ConnectOptions,
  connect,
  type ReplyError,
} from "../client/client.ts";
import { formatOrigin, type OriginAddress, parseOrigin } from "../upstream/address.ts";
import type { Config } from "./config.ts";
import { FailedError, UsageError } from "./exit.ts";
import { choosePassword } from "./listen-settings.ts";
import { optionalSetting, port, setting, text, timeout } from "./setting.ts";
import { errorLine } from "./terminal-text.ts";

const CONNECTION = "Connection:";
const DEFAULT_PORT = 8080;
/** How often the client asks for a password at a terminal. */
const PASSWORD_ATTEMPTS = 3;

export const TARGET_SETTINGS = {
  host: setting(readHost, "localhost", {
    placeholder: "<name>",
    description: "name or address of the proxy or server",
    group: CONNECTION,
  }),
  port: setting(port(1), String(DEFAULT_PORT), {
    placeholder: "<port>",
    description: "its port; a server's default is 9090",
    group: CONNECTION,
    short: "-p",
  }),
  url: optionalSetting(readUrl, {
    placeholder: "<url>",
    description: "all in one: redis://[[user]:password@]host[:port][/database]; glasscache:// likewise",
    group: CONNECTION,
    short: "-u",
  }),
  password: optionalSetting(text(), {
    placeholder: "<text>",
    description:
      "its password; others on this machine can see it, so prefer the file. On a terminal the client asks for it",
    group: CONNECTION,
  }),
  passwordFile: optionalSetting(text(), {
    placeholder: "<file>",
    description: "file whose first line is the password",
    group: CONNECTION,
  }),
  timeout: setting(timeout(), "5s", {
    placeholder: "<time>",
    description: "time limit for connecting, and for each reply; 0: no limit",
    group: CONNECTION,
  }),
};

function readHost(given: string): string {
  const colons = given.split(":").length - 1;
  if (given.includes("://")) throw new RangeError(`"${given.replace(/\/\/.*@/s, "//")}" is a URL: use --url`);
  if (given.includes("/") || colons === 1) {
    throw new RangeError(`"${given}" is not a host's name or address; the port goes to --port`);
  }
  if (given === "") throw new RangeError("must not be empty");
  return given.replace(/^\[(.*)\]$/, "$1");
}

function readUrl(given: string): OriginAddress {
  const url = given.includes("://") ? given : `glasscache://${given}`;
  try {
    const address = parseOrigin(url);
    const isOurs = url.toLowerCase().startsWith("glasscache:") && URL.parse(url)?.port === "";
    return isOurs ? { ...address, port: DEFAULT_PORT } : address;
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new RangeError(error.message.replace(/^origin\b/, "the URL"));
  }
}

/**
 * Asks the user for a password.
 * @returns undefined if there is no terminal, or the user cancels
 */
export type AskPassword = (prompt: string) => Promise<string | undefined>;

/** The server to connect to, and the credentials. */
export class Target {
  #options: ConnectOptions;
  readonly #database: number;

  /** @throws UsageError for settings that contradict each other */
  constructor(config: Config<typeof TARGET_SETTINGS>, more: Partial<ConnectOptions> = {}) {
    const { host, port, user, password, database = 0 } = placeOf(config);
    this.#database = database;
    this.#options = {
      host,
      port,
      connectTimeoutMs: config.values.timeout,
      timeoutMs: config.values.timeout,
      // Never reconnects, so that the connection's state (MULTI, SELECT) is not lost unnoticed.
      reconnect: false,
      ...more,
      ...(user === undefined ? {} : { user }),
      ...(password === undefined ? {} : { password }),
    };
  }

  /** `host:port`, for messages. */
  get address(): string {
    const { host = "", port = 0 } = this.#options;
    return formatOrigin({ host, port });
  }

  /**
   * Connects, and selects the database.
   * @param askPassword called if the server requires a password and none was given
   * @throws FailedError with advice
   */
  connect(askPassword?: AskPassword): Promise<Client> {
    return this.opened(async (options) => this.#selectDatabase(await connect(options)), askPassword);
  }

  /**
   * Calls `open` with the connection's options. If the server requires a password, asks for one and calls it again.
   */
  async opened<T>(open: (options: ConnectOptions) => Promise<T>, askPassword?: AskPassword): Promise<T> {
    const wasGiven = this.#options.password !== undefined;
    for (let attempts = PASSWORD_ATTEMPTS; ; attempts--) {
      try {
        return await open(this.#options);
      } catch (error) {
        if (!(error instanceof AuthenticationError)) throw this.#failure(error);
        const password =
          askPassword === undefined || wasGiven || attempts === 0
            ? undefined
            : await askPassword(`${error.message}: `);
        if (password === undefined) throw this.#failure(error);
        this.#options = { ...this.#options, password };
      }
    }
  }

  async #selectDatabase(client: Client): Promise<Client> {
    if (this.#database === 0) return client;
    try {
      await client.command("SELECT", this.#database);
      return client;
    } catch (error) {
      await client.close(0);
      const { message } = error as ReplyError;
      throw new FailedError(`cannot select database ${this.#database}: ${errorLine(message)}`);
    }
  }

  #failure(error: unknown): unknown {
    if (error instanceof AuthenticationError) {
      const isKnown = this.#options.password !== undefined;
      const advice = isKnown ? "" : "; give --password-file, GLASSCACHE_PASSWORD or --password";
      return new FailedError(`${error.message}${advice}`);
    }
    if (!(error instanceof ConnectError)) return error;
    return new FailedError(`${error.message}${connectAdvice(error, this.#options)}`);
  }
}

function placeOf(config: Config<typeof TARGET_SETTINGS>): OriginAddress {
  const { values, labels, ranks } = config;
  const place = ranks.port > ranks.host ? "port" : "host";
  const password = choosePassword(config, "password", "passwordFile");
  const apart = { host: values.host, port: values.port, ...(password === undefined ? {} : { password }) };
  if (values.url === undefined || ranks[place] > ranks.url) return apart;
  if (ranks[place] === ranks.url) {
    throw new UsageError(`${labels.url} and ${labels[place]}: give one of the two`);
  }
  const passwordRank = Math.max(ranks.password, ranks.passwordFile);
  if (password === undefined) return values.url;
  if (values.url.password !== undefined) {
    if (passwordRank === ranks.url)
      throw new UsageError(`${labels.url}: holds a password already; give it once`);
    if (passwordRank < ranks.url) return values.url;
  }
  return { ...values.url, password };
}

function connectAdvice({ code }: ConnectError, { host, port }: ConnectOptions): string {
  if (code === "ECONNREFUSED" && (host === "localhost" || host === "127.0.0.1" || host === "::1")) {
    const start =
      port === 9090 ? "glasscache server" : `glasscache proxy${port === 8080 ? "" : ` --port ${port}`}`;
    return `; start one with: ${start}`;
  }
  return code === "ENOTFOUND" || code === "ECONNREFUSED" ? "; --host and --port say where it is" : "";
}
