import {
  AuthenticationError,
  type Client,
  ConnectError,
  type ConnectOptions,
  connect,
  type ReplyError,
} from "../client/client.ts";
import { systemClock } from "../lib/clock.ts";
import { formatOrigin, type OriginAddress, parseOrigin } from "../upstream/address.ts";
import { choosePassword } from "./access-settings.ts";
import type { Config } from "./config.ts";
import { FailedError, UsageError } from "./exit.ts";
import { optionalSetting, port, setting, switchSetting, text, timeout } from "./setting.ts";
import { errorLine } from "./terminal-text.ts";
import { optionalIdentity, readAuthorities } from "./tls-files.ts";

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
    description:
      "all in one: redis://[[user]:password@]host[:port][/database]; glasscache:// likewise; rediss:// and " +
      "glasscaches:// with TLS",
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
  user: optionalSetting(text(), {
    placeholder: "<name>",
    description: "the user whose password it is; the default one if none is given",
    group: CONNECTION,
  }),
  tls: switchSetting({ description: "speak TLS, as rediss:// in a URL does", group: CONNECTION }),
  ca: optionalSetting(text(), {
    placeholder: "<file>",
    description: "with TLS: certificates, in PEM, of the authorities that vouch for the server",
    group: CONNECTION,
  }),
  cert: optionalSetting(text(), {
    placeholder: "<file>",
    description: "with TLS: certificate to show the server, in PEM",
    group: CONNECTION,
  }),
  key: optionalSetting(text(), {
    placeholder: "<file>",
    description: "with TLS: private key of that certificate, in PEM",
    group: CONNECTION,
  }),
  serverName: optionalSetting(text(), {
    placeholder: "<name>",
    description: "with TLS: the name that the server's certificate must be for; by default its host",
    group: CONNECTION,
  }),
  insecure: switchSetting({
    description: "with TLS: take any certificate of the server",
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
    if (address.user !== undefined && address.password === undefined) {
      throw new RangeError("origin has a user without a password");
    }
    const isOurs = /^glasscaches?:/i.test(url) && URL.parse(url)?.port === "";
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
    const { host, port, user, password, database = 0, isSecure } = placeOf(config);
    this.#database = database;
    this.#options = {
      host,
      port,
      connectTimeoutMs: config.values.timeout,
      timeoutMs: config.values.timeout,
      // Never reconnects, so that the connection's state (MULTI, SELECT) is not lost unnoticed.
      reconnect: false,
      ...tlsOf(config, isSecure),
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
    // The library names its options.
    const message = error.message.replace("tls.ca ", "--ca ").replace("tls.servername ", "--server-name ");
    return new FailedError(`${message}${connectAdvice(error, this.#options)}`);
  }
}

/** @throws UsageError */
function tlsOf(
  { values, labels, ranks }: Config<typeof TARGET_SETTINGS>,
  isSecure: boolean | undefined,
): Pick<ConnectOptions, "tls"> {
  const { ca, cert, key, serverName, insecure } = values;
  if (isSecure !== true && !values.tls) {
    const given = (["ca", "cert", "key", "serverName", "insecure"] as const).find(
      (name) => ranks[name] > 0 && values[name] !== false,
    );
    if (given === undefined) return {};
    throw new UsageError(
      `${labels[given]}: means nothing without TLS: add ${labels.tls}, or a URL as rediss://`,
    );
  }
  const identity = optionalIdentity(
    { path: cert, label: labels.cert },
    { path: key, label: labels.key },
    systemClock.wallMs(),
  );
  return {
    tls: {
      ...(ca !== undefined && { ca: readAuthorities({ path: ca, label: labels.ca }) }),
      ...(identity && { cert: identity.certificate, key: identity.key }),
      ...(serverName !== undefined && { servername: serverName }),
      ...(insecure && { rejectUnauthorized: false }),
    },
  };
}

function placeOf(config: Config<typeof TARGET_SETTINGS>): OriginAddress {
  const { values, labels, ranks } = config;
  const place = ranks.port > ranks.host ? "port" : "host";
  const password = choosePassword(config, "password", "passwordFile");
  const { user } = values;
  const named = user === undefined ? {} : { user };
  const secret = password === undefined ? {} : { password };
  const apart = { host: values.host, port: values.port, ...named, ...secret };
  if (values.url === undefined || ranks[place] > ranks.url) return apart;
  if (ranks[place] === ranks.url) {
    throw new UsageError(`${labels.url} and ${labels[place]}: give one of the two`);
  }
  const passwordRank = Math.max(ranks.password, ranks.passwordFile);
  const merged = { ...values.url };
  for (const [name, given, rank] of [
    ["user", named, ranks.user],
    ["password", secret, passwordRank],
  ] as const) {
    if (Object.keys(given).length === 0) continue;
    if (values.url[name] !== undefined && rank === ranks.url) {
      throw new UsageError(`${labels.url}: holds a ${name} already; give it once`);
    }
    if (values.url[name] === undefined || rank > ranks.url) Object.assign(merged, given);
  }
  return merged;
}

function connectAdvice({ code }: ConnectError, { host, port }: ConnectOptions): string {
  if (code === "ECONNREFUSED" && (host === "localhost" || host === "127.0.0.1" || host === "::1")) {
    const start =
      port === 9090 ? "glasscache server" : `glasscache proxy${port === 8080 ? "" : ` --port ${port}`}`;
    return `; start one with: ${start}`;
  }
  return code === "ENOTFOUND" || code === "ECONNREFUSED" ? "; --host and --port say where it is" : "";
}
