import type { SocketHandler, TCPSocketListener } from "bun";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { type Clock, exactReader, monotonicOf } from "../lib/clock.ts";
import { SLICE_BYTES } from "../lib/large-value.ts";
import { type Log, silentLog } from "../lib/log.ts";
import { systemTimers, type Timer, type Timers } from "../lib/timers.ts";
import type { ClientRegistry } from "./client-registry.ts";
import { Connection } from "./connection.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { FlushQueue } from "./flush-queue.ts";
import { ForeignClients } from "./foreign-clients.ts";
import type { ConnectionLimits } from "./limits.ts";
import { RefusedClients } from "./refused-clients.ts";
import type { Service } from "./service.ts";
import { SharedCodec } from "./shared-codec.ts";
import type { Wire } from "./wire.ts";

export interface ListenerOptions {
  /** A name or an address. `localhost` means 127.0.0.1, and ::1 if the machine has IPv6. */
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  readonly service: Service;
  readonly registry: ClientRegistry;
  readonly limits: ConnectionLimits;
  readonly clock: Clock;
  /** The system's by default. */
  readonly timers?: Timers;
  readonly log?: Log;
  /** Turns the text protocol off: a line is an inline command. */
  readonly respOnly?: boolean;
  /** Several threads listen on this port; the system distributes the clients among them. */
  readonly sharesPort?: boolean;
  /** Whether a new client must authenticate first. */
  readonly passwordRequired?: () => boolean;
}

/** The port is taken, or the address is not one of this machine's. `code` is the system's, such as `EADDRINUSE`. */
export class ListenError extends Error {
  override name = "ListenError";
  readonly code: string;

  constructor(message: string, code: string) {
    super(message);
    this.code = code;
  }
}

const TIMEOUT_CHECK_MS = 100;
/** A port that is free on one address may be taken on the other. */
const FREE_PORT_ATTEMPTS = 10;

/** Listens on one port and makes a `Connection` for each client. */
export class Listener {
  readonly port: number;
  readonly #listeners: TCPSocketListener<Connection>[];
  readonly #registry: ClientRegistry;
  readonly #timer: Timer;

  private constructor(listeners: TCPSocketListener<Connection>[], registry: ClientRegistry, timer: Timer) {
    this.#listeners = listeners;
    this.#registry = registry;
    this.#timer = timer;
    this.port = listeners[0]!.port;
  }

  /** @throws ListenError */
  static open(options: ListenerOptions): Listener {
    const { registry, limits, clock, timers = systemTimers, service } = options;
    const { respOnly = false, log = silentLog } = options;
    const isCommandName = service.isCommandName.bind(service);
    const host: ConnectionHost = {
      limits,
      registry,
      respOnly,
      clock,
      exactMs: exactReader(clock),
      monotonicOf: monotonicOf(clock),
      timers,
      codec: new SharedCodec(limits.replyBytes, isCommandName),
      foreignClients: new ForeignClients(log, clock),
      flushes: new FlushQueue(),
      batchTimes: service.batchTimes ?? { left: Number.POSITIVE_INFINITY, ended() {} },
      slice: new ByteBuffer(SLICE_BYTES),
    };
    const refused = new RefusedClients();
    const listeners = listen(options, socketHandlers(host, options, refused));
    const timer = timers.every(TIMEOUT_CHECK_MS, () => {
      const nowMs = clock.monotonicMs();
      registry.throughput.sample(nowMs, registry);
      for (const connection of registry) connection.checkTimeouts(nowMs);
      refused.checkTimeouts(nowMs);
    });
    return new Listener(listeners, registry, timer);
  }

  /** Accepts no more connections. Open connections stay. */
  stopAccepting(): void {
    for (const listener of this.#listeners) listener.stop(false);
  }

  /**
   * Stops accepting, sends every client the replies to its requests, and closes. Cuts connections that are still open
   * after `graceMs`.
   */
  async drain(graceMs: number): Promise<void> {
    this.stopAccepting();
    for (const connection of this.#registry) connection.closeAfterReplies();
    let isOver = false;
    const grace = setTimeout(() => {
      isOver = true;
    }, graceMs);
    while (this.#registry.size > 0 && !isOver) await Bun.sleep(5);
    clearTimeout(grace);
    this.close();
  }

  /** Stops listening and cuts all connections. */
  close(): void {
    this.#timer.stop();
    for (const listener of this.#listeners) listener.stop(true);
    for (const connection of [...this.#registry]) connection.terminate();
  }
}

/**
 * Checks that a port is free, before several listeners share it: they would share it with another program, too.
 * @throws ListenError if it is not free
 */
export function requireFreePort(host: string, port: number): void {
  for (const listener of listen({ host, port }, { data() {} })) listener.stop(true);
}

/** @throws ListenError */
function listen(
  { host, port, sharesPort = false }: Pick<ListenerOptions, "host" | "port" | "sharesPort">,
  handlers: SocketHandler<Connection>,
): TCPSocketListener<Connection>[] {
  if (host !== "localhost") return [listenOn(host, port, sharesPort, handlers)];
  for (let attempt = 1; ; attempt++) {
    const first = listenOn("127.0.0.1", port, sharesPort, handlers);
    try {
      return [first, listenOn("::1", first.port, sharesPort, handlers)];
    } catch (error) {
      if (!(error instanceof ListenError)) throw error;
      // Without IPv6 the machine has no ::1, which is fine. A port that is taken on ::1 is an error.
      if (error.code !== "EADDRINUSE") return [first];
      first.stop(true);
      if (port !== 0 || attempt === FREE_PORT_ATTEMPTS) throw error;
    }
  }
}

function listenOn(
  hostname: string,
  port: number,
  reusePort: boolean,
  handlers: SocketHandler<Connection>,
): TCPSocketListener<Connection> {
  try {
    const options = { hostname, port, reusePort, allowHalfOpen: true, socket: handlers };
    return Bun.listen<Connection>(options);
  } catch (error) {
    const code = (error as { code?: string }).code ?? "";
    const name = hostname.includes(":") ? `[${hostname}]` : hostname;
    throw new ListenError(`cannot listen on ${name}:${port}: ${reason(code, error)}`, code);
  }
}

/** Makes a connection of a new wire. @returns undefined if the wire was refused, because too many are open */
function accept(
  wire: Wire,
  host: ConnectionHost,
  { registry, limits, service, passwordRequired }: ListenerOptions,
  refused: RefusedClients,
): Connection | undefined {
  if (registry.openCount >= limits.connections) {
    registry.rejectedCount++;
    refused.refuse(wire, host.clock.monotonicMs());
    return undefined;
  }
  const connection = new Connection(wire, registry.nextId(), host);
  connection.authenticated = passwordRequired?.() !== true;
  registry.add(connection);
  connection.session = service.connect(connection);
  return connection;
}

/** Passes the events of the runtime's sockets to their connections. */
function socketHandlers(
  host: ConnectionHost,
  options: ListenerOptions,
  refused: RefusedClients,
): SocketHandler<Connection> {
  return {
    open(socket) {
      const connection = accept(socket, host, options, refused);
      if (connection !== undefined) socket.data = connection;
    },
    data(socket, data) {
      // A refused client has no connection.
      socket.data?.received(data);
    },
    drain(socket) {
      socket.data?.drained();
    },
    end(socket) {
      if (socket.data === undefined) socket.end();
      else socket.data.ended();
    },
    close(socket) {
      const connection = socket.data;
      if (connection === undefined) return;
      options.registry.remove(connection);
      connection.wasClosed();
    },
    error(socket, error) {
      // The runtime calls `close` after an error of the socket. Any other error is a bug in a handler: the
      // connection cannot go on, and the bug must be reported.
      socket.terminate();
      if ((error as { syscall?: string }).syscall === undefined) {
        queueMicrotask(() => {
          throw error;
        });
      }
    },
  };
}

function reason(code: string, error: unknown): string {
  if (code === "EADDRINUSE") return "the port is in use by another program; choose another with --port";
  if (code === "EACCES") return "not allowed; ports below 1024 need special rights";
  if (code === "EADDRNOTAVAIL") return "the address is not one of this machine's";
  if (code === "") return "no address of this machine has that name";
  return error instanceof Error ? error.message : String(error);
}
