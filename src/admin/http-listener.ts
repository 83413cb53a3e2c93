import type { Server } from "bun";
import { type ServerTls, serverTlsOptions } from "../lib/tls.ts";

/** The port is taken, or the address is not one of this machine's. `code` is the system's, such as `EADDRINUSE`. */
export class AdminListenError extends Error {
  override name = "AdminListenError";
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

export type HttpServer = Server<undefined>;

export interface HttpOptions {
  /** A name or an address. `localhost` means 127.0.0.1, and ::1 if the machine has IPv6. */
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  /** Browsers are not asked for certificates, whatever it says of clients. */
  readonly tls?: ServerTls | undefined;
  readonly bodyBytes: number;
  readonly idleTimeoutS: number;
  /** The flag that chooses another port, for the message that this one is taken. */
  readonly flag: string;
  answer(request: Request, server: HttpServer): Promise<Response>;
}

/** A port that is free on one address may be taken on the other. */
const FREE_PORT_ATTEMPTS = 10;

/** Listens for HTTP on one port. @throws AdminListenError */
export function listenForHttp(options: HttpOptions): HttpServer[] {
  if (options.host !== "localhost") return [listenOn(options, options.host, options.port)];
  for (let attempt = 1; ; attempt++) {
    const first = listenOn(options, "127.0.0.1", options.port);
    try {
      return [first, listenOn(options, "::1", first.port!)];
    } catch (error) {
      if (!(error instanceof AdminListenError)) throw error;
      // Without IPv6 the machine has no ::1, which is fine. A port that is taken on ::1 is an error.
      if (error.code !== "EADDRINUSE") return [first];
      void first.stop(true);
      if (options.port !== 0 || attempt === FREE_PORT_ATTEMPTS) throw error;
    }
  }
}

function listenOn(
  { answer, bodyBytes, idleTimeoutS, flag, tls }: HttpOptions,
  hostname: string,
  port: number,
): HttpServer {
  try {
    return Bun.serve({
      hostname,
      port,
      maxRequestBodySize: bodyBytes,
      idleTimeout: idleTimeoutS,
      development: false,
      // The runtime shares the port with other programs unless it is told not to, outside of development.
      reusePort: false,
      ...(tls && { tls: serverTlsOptions({ ...tls, clients: "off" }) }),
      fetch: (request, server) => answer(request, server),
    });
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    const name = hostname.includes(":") ? `[${hostname}]` : hostname;
    throw new AdminListenError(`cannot listen on ${name}:${port}: ${reason(code, error, flag)}`, code);
  }
}

function reason(code: string, error: unknown, flag: string): string {
  if (code === "EADDRINUSE") return `the port is in use by another program; choose another with ${flag}`;
  if (code === "EACCES") return "not allowed; ports below 1024 need special rights";
  if (code === "EADDRNOTAVAIL") return "the address is not one of this machine's";
  return error instanceof Error ? error.message : String(error);
}
