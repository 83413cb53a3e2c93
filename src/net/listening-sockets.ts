import type { SocketHandler, TCPSocketListener } from "bun";
import { type ServerTls, serverTlsOptions } from "../lib/tls.ts";
import type { Connection } from "./connection.ts";

/** The port is taken, or the address is not one of this machine's. `code` is the system's, such as `EADDRINUSE`. */
export class ListenError extends Error {
  override name = "ListenError";
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

/** Where to listen. */
export interface Place {
  /** A name or an address. `localhost` means 127.0.0.1, and ::1 if the machine has IPv6. */
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  /** Several sockets may listen on this port; the system distributes the clients among them. */
  readonly sharesPort?: boolean | undefined;
  readonly tls?: ServerTls | undefined;
  /** How users choose the port, for messages. */
  readonly flag?: "--port" | "--tls-port";
}

/** A port that is free on one address may be taken on the other. */
const FREE_PORT_ATTEMPTS = 10;

/**
 * Checks that a port is free, before several sockets share it: they would share it with another program, too.
 * @throws ListenError if it is not free
 */
export function requireFreePort(place: Pick<Place, "host" | "port" | "flag">): void {
  for (const socket of openSockets(place, { data() {} })) socket.stop(true);
}

/** Opens a socket for each address of the host. @throws ListenError */
export function openSockets(
  place: Place,
  handlers: SocketHandler<Connection>,
): TCPSocketListener<Connection>[] {
  const { host, port } = place;
  if (host !== "localhost") return [openSocket(host, port, place, handlers)];
  for (let attempt = 1; ; attempt++) {
    const first = openSocket("127.0.0.1", port, place, handlers);
    try {
      return [first, openSocket("::1", first.port, place, handlers)];
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      // Without IPv6 the machine has no ::1, which is fine. A port that is taken on ::1 is an error.
      if (error.code !== "EADDRINUSE") return [first];
      first.stop(true);
      if (port !== 0 || attempt === FREE_PORT_ATTEMPTS) throw error;
    }
  }
}

function openSocket(
  hostname: string,
  port: number,
  { sharesPort = false, tls, flag = "--port" }: Place,
  handlers: SocketHandler<Connection>,
): TCPSocketListener<Connection> {
  try {
    const options = { hostname, port, reusePort: sharesPort, allowHalfOpen: true, socket: handlers };
    return Bun.listen<Connection>(tls === undefined ? options : { ...options, tls: serverTlsOptions(tls) });
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    const name = hostname.includes(":") ? `[${hostname}]` : hostname;
    throw new ListenError(`cannot listen on ${name}:${port}: ${reason(code, error, flag)}`, code);
  }
}

function reason(code: string, error: unknown, flag: string): string {
  if (code === "EADDRINUSE") return `the port is in use by another program; choose another with ${flag}`;
  if (code === "EACCES") return "not allowed; ports below 1024 need special rights";
  if (code === "EADDRNOTAVAIL") return "the address is not one of this machine's";
  if (code === "") return "no address of this machine has that name";
  return error instanceof Error ? error.message : String(error);
}
