import { randomBytes } from "node:crypto";
import type { InstrumentsView } from "../instruments/view.ts";
import type { Clock } from "../lib/clock.ts";
import { type Log, silentLog } from "../lib/log.ts";
import { systemTimers, type Timers } from "../lib/timers.ts";
import type { ServerTls } from "../lib/tls.ts";
import { Access, type Credentials } from "./access.ts";
import type { Desk } from "./call.ts";
import { Feed } from "./feed.ts";
import { checkContentType, checkOrigin } from "./foreign-pages.ts";
import { checkHost, requirePassword } from "./host-names.ts";
import { type HttpServer, listenForHttp } from "./http-listener.ts";
import { type AdminLimits, DEFAULT_ADMIN_LIMITS } from "./limits.ts";
import { once, type Page, type PageName } from "./page.ts";
import { checkNames } from "./parameters.ts";
import { Problem } from "./problem.ts";
import { respondProblem } from "./responses.ts";
import { findRoute, handlerOf } from "./routes.ts";
import type { SecretBytes } from "./sessions.ts";
import { Streams } from "./streams.ts";
import { parseTarget } from "./target.ts";

export interface AdminOptions {
  /** A name or an address. `localhost` means 127.0.0.1, and ::1 if the machine has IPv6. */
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  /** undefined: the port is plain. */
  readonly tls?: ServerTls | undefined;
  readonly view: InstrumentsView;
  /** They are needed, or the host is one of this machine alone. */
  readonly credentials: Credentials;
  /** Whether `/metrics` can be read without the password. */
  readonly openMetrics: boolean;
  /** Makes a page. It is asked for once, when a browser first wants that page. */
  readonly page: (name: PageName) => Promise<Page>;
  /** Names in the `Host` header that are accepted besides addresses and `localhost`. */
  readonly adminHosts: readonly string[];
  readonly clock: Clock;
  /** The system's by default. */
  readonly timers?: Timers;
  readonly log?: Log;
  readonly limits?: AdminLimits;
  /** The system's by default. */
  readonly secretBytes?: SecretBytes;
}

/** Tells over HTTP what the instruments see. */
export class AdminServer {
  readonly port: number;
  #servers: readonly HttpServer[];
  readonly #listen: (port: number, tls: ServerTls | undefined) => readonly HttpServer[];
  readonly #streams: Streams;

  private constructor(
    servers: readonly HttpServer[],
    listen: (port: number, tls: ServerTls | undefined) => readonly HttpServer[],
    streams: Streams,
  ) {
    this.port = servers[0]!.port!;
    this.#servers = servers;
    this.#listen = listen;
    this.#streams = streams;
  }

  /**
   * @throws PasswordMissingError if other machines can reach the host and there is no password
   * @throws AdminListenError if the port is taken
   */
  static open(options: AdminOptions): AdminServer {
    const { host, view, credentials, clock, timers = systemTimers, log = silentLog } = options;
    const { limits = DEFAULT_ADMIN_LIMITS, secretBytes = randomBytes } = options;
    requirePassword(host, credentials.areNeeded);
    const streams = new Streams(new Feed(view, clock, log), timers, limits.streams);
    const { idleTimeoutS, bodyBytes } = limits;
    let desk: Desk | undefined;
    const listen = (port: number, tls: ServerTls | undefined): readonly HttpServer[] =>
      listenForHttp({
        ...{ host, port, tls, bodyBytes, idleTimeoutS },
        flag: "--admin",
        answer: (request, server) => answer(request, server, desk!, options, log),
      });
    const servers = listen(options.port, options.tls);
    // Requests come only once this function has returned.
    const cookieName = `glasscache-${servers[0]!.port}`;
    const isSecure = options.tls !== undefined;
    const access = new Access({ credentials, limits, clock, secretBytes, cookieName, isSecure });
    desk = { view, access, streams, page: once(options.page), clock, timers, limits };
    return new AdminServer(servers, listen, streams);
  }

  /** Open streams. */
  get streamCount(): number {
    return this.#streams.size;
  }

  /** Uses another certificate for new connections. Streams that are open go on. */
  replaceTls(settings: ServerTls): void {
    // The runtime cannot change the certificate of a listening server.
    for (const server of this.#servers) void server.stop(false);
    this.#servers = this.#listen(this.port, settings);
  }

  /** Stops listening, ends all streams and cuts all connections. */
  async close(): Promise<void> {
    this.#streams.close();
    await Promise.all(this.#servers.map((server) => server.stop(true)));
  }
}

async function answer(
  request: Request,
  server: HttpServer,
  desk: Desk,
  options: AdminOptions,
  log: Log,
): Promise<Response> {
  try {
    return await answerOrThrow(request, server.requestIP(request)?.address ?? "", desk, options);
  } catch (error) {
    if (error instanceof Problem) return respondProblem(error);
    // What the instruments refuse is the client's mistake.
    if (error instanceof RangeError) return respondProblem(new Problem(400, error.message));
    log.error({ err: error }, "a request to the admin port failed");
    return respondProblem(new Problem(500, "this failed; the log says why"));
  }
}

/** @throws Problem */
function answerOrThrow(
  request: Request,
  address: string,
  desk: Desk,
  { adminHosts, openMetrics }: AdminOptions,
): Response | Promise<Response> {
  const { method, url, headers } = request;
  checkHost(headers.get("host") ?? undefined, adminHosts);
  checkOrigin(headers);
  if (url.length > desk.limits.urlBytes) {
    throw new Problem(414, `the URL is longer than ${desk.limits.urlBytes} bytes`);
  }
  const { path, query } = parseTarget(url);
  const found = findRoute(path);
  const isOpen = found?.route.access === "open" || (found?.route.access === "metrics" && openMetrics);
  // Before all else: what is here is nobody else's business.
  const grant = isOpen ? undefined : desk.access.check(headers, address);
  if (found === undefined) throw new Problem(404, "there is nothing here; / lists what there is");
  const handler = handlerOf(found.route, method);
  // Probes and scrapes may carry parameters of their senders.
  if (path.startsWith("/api/")) checkNames(query, found.route.parameters ?? []);
  if (method !== "GET" && method !== "HEAD") checkContentType(headers);
  return handler({ request, query, rest: found.rest, address, grant, desk });
}
