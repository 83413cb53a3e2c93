import type { TCPSocketListener } from "bun";
import type { Users } from "../commands/acl/users.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { type Clock, exactReader, monotonicOf } from "../lib/clock.ts";
import { SLICE_BYTES } from "../lib/large-value.ts";
import { type Log, silentLog } from "../lib/log.ts";
import { systemTimers, type Timer, type Timers } from "../lib/timers.ts";
import type { ServerTls } from "../lib/tls.ts";
import { type Admission, securedHandlers, socketHandlers } from "./admission.ts";
import type { ClientRegistry } from "./client-registry.ts";
import type { Connection } from "./connection.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { FlushQueue } from "./flush-queue.ts";
import { ForeignClients } from "./foreign-clients.ts";
import { LimitedMessages } from "./limited-messages.ts";
import type { ConnectionLimits } from "./limits.ts";
import type { ListeningPorts } from "./listening-ports.ts";
import { openSockets, requireFreePort } from "./listening-sockets.ts";
import { RefusedClients } from "./refused-clients.ts";
import type { Service } from "./service.ts";
import { SharedCodec } from "./shared-codec.ts";
import { TlsHandshakes } from "./tls-handshakes.ts";

/** TLS on a listener. */
export interface ListenerTls {
  readonly settings: ServerTls;
  /** A port of its own, beside the plain one; 0 chooses a free one. undefined: the listener's port speaks TLS. */
  readonly port: number | undefined;
}

export interface ListenerOptions {
  /** A name or an address. `localhost` means 127.0.0.1, and ::1 if the machine has IPv6. */
  readonly host: string;
  /** 0 chooses a free port. */
  readonly port: number;
  readonly tls?: ListenerTls | undefined;
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
  /** A new client is the default one of these. */
  readonly users: Users;
}

const TIMEOUT_CHECK_MS = 100;
const DRAIN_CHECK_MS = 5;
/** A client that has asked nothing for so long may be closed: hardly any has a request on its way then. */
const RESTS_MS = 100;
/** After the drain, how long clients have to take their last replies. */
const LAST_REPLIES_WITHIN_MS = 1000;

export const DEFAULT_DRAIN_MS = 5000;

/** Logs how a drain ended, if not all clients could finish. */
export function tellOfDrain(cutCount: number, log: Log): void {
  if (cutCount > 0) log.warn(`${cutCount} connections were cut off: they did not take their replies in time`);
}

type Sockets = readonly TCPSocketListener<Connection>[];

/** Listens on one port, or on a plain one and one with TLS, and makes a `Connection` for each client. */
export class Listener implements ListeningPorts {
  readonly #options: ListenerOptions;
  readonly #admission: Admission;
  readonly #plain: Sockets;
  #secured: Sockets;
  #tlsExpiresAtMs: number;
  readonly #timer: Timer;

  private constructor(
    options: ListenerOptions,
    admission: Admission,
    plain: Sockets,
    secured: Sockets,
    timer: Timer,
  ) {
    this.#options = options;
    this.#admission = admission;
    this.#plain = plain;
    this.#secured = secured;
    this.#tlsExpiresAtMs = options.tls?.settings.identity.expiresAtMs ?? 0;
    this.#timer = timer;
  }

  /** @throws ListenError */
  static open(options: ListenerOptions): Listener {
    const { registry, limits, clock, timers = systemTimers } = options;
    const admission = admissionOf(options);
    const { refused, handshakes } = admission;
    const { plain, secured } = listen(options, admission);
    const timer = timers.every(TIMEOUT_CHECK_MS, () => {
      const nowMs = clock.monotonicMs();
      registry.throughput.sample(nowMs, registry);
      for (const connection of registry) connection.checkTimeouts(nowMs);
      refused.checkTimeouts(nowMs);
      handshakes.checkTimeouts(nowMs, limits.tlsHandshakeMs);
    });
    return new Listener(options, admission, plain, secured, timer);
  }

  get port(): number {
    return (this.#plain[0] ?? this.#secured[0]!).port;
  }

  get tlsPort(): number | undefined {
    return this.#secured[0]?.port;
  }

  get tlsExpiresAtMs(): number {
    return this.#tlsExpiresAtMs;
  }

  /**
   * Uses another certificate and other authorities for new clients. Open connections go on as they are.
   * @throws ListenError; then nothing has changed
   */
  replaceTls(settings: ServerTls): void {
    const { host } = this.#options;
    // The runtime cannot change the certificate of a listening socket.
    const renewed = listenSecured(host, this.tlsPort!, settings, this.#admission);
    for (const socket of this.#secured) socket.stop(false);
    this.#secured = renewed;
    this.#tlsExpiresAtMs = settings.identity.expiresAtMs;
  }

  /** Accepts no more connections. Open connections stay. */
  stopAccepting(): void {
    for (const socket of this.#sockets) socket.stop(false);
  }

  /**
   * Stops accepting and lets the open connections finish: a client that rests is closed, one in the middle of requests
   * goes on. After `forMs` every client gets the replies to what has been executed, and is closed. Those that do not
   * take their replies are cut off.
   * @returns how many were cut off
   */
  async drain(forMs: number): Promise<number> {
    const { registry, clock } = this.#options;
    // The event loop accepts what has waited until now.
    await Bun.sleep(0);
    this.stopAccepting();
    const endMs = clock.monotonicMs() + forMs;
    for (let nowMs = clock.monotonicMs(); registry.size > 0; nowMs = clock.monotonicMs()) {
      const isOver = nowMs >= endMs;
      for (const connection of registry) {
        if (isOver || nowMs - connection.lastActiveMs >= RESTS_MS) connection.closeAfterReplies();
      }
      if (nowMs >= endMs + LAST_REPLIES_WITHIN_MS) break;
      await Bun.sleep(DRAIN_CHECK_MS);
    }
    const cutCount = registry.size;
    this.close();
    return cutCount;
  }

  /** Stops listening and cuts all connections. */
  close(): void {
    this.#timer.stop();
    for (const socket of this.#sockets) socket.stop(true);
    this.#admission.handshakes.close();
    for (const connection of [...this.#options.registry]) connection.terminate();
  }

  get #sockets(): Sockets {
    return [...this.#plain, ...this.#secured];
  }
}

function admissionOf({
  registry,
  limits,
  clock,
  timers = systemTimers,
  service,
  respOnly = false,
  log = silentLog,
  users,
}: ListenerOptions): Admission {
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
    unreadReplies: new LimitedMessages(log, clock),
    flushes: new FlushQueue(() => service.hasSeveralSources === true),
    batchTimes: service.batchTimes ?? { left: Number.POSITIVE_INFINITY, ended() {} },
    slice: new ByteBuffer(SLICE_BYTES),
  };
  const refused = new RefusedClients();
  const handshakes = new TlsHandshakes<Connection>(refused, log, clock);
  const refusals = new LimitedMessages(log, clock);
  return { host, registry, service, users, refused, refusals, handshakes };
}

/** @throws ListenError */
function listen(
  { host, port, sharesPort = false, tls }: ListenerOptions,
  admission: Admission,
): { readonly plain: Sockets; readonly secured: Sockets } {
  const isPlain = tls === undefined || tls.port !== undefined;
  const plain = isPlain ? openSockets({ host, port, sharesPort }, socketHandlers(admission)) : [];
  if (tls === undefined) return { plain, secured: [] };
  const tlsPort = tls.port ?? port;
  try {
    const flag = tls.port === undefined ? "--port" : "--tls-port";
    if (!sharesPort && tlsPort !== 0) requireFreePort({ host, port: tlsPort, flag });
    return { plain, secured: listenSecured(host, tlsPort, tls.settings, admission) };
  } catch (error) {
    for (const socket of plain) socket.stop(true);
    throw error;
  }
}

/** The port is shared with the sockets that replace these. @throws ListenError */
function listenSecured(host: string, port: number, settings: ServerTls, admission: Admission): Sockets {
  return openSockets(
    { host, port, sharesPort: true, tls: settings },
    securedHandlers(admission, settings.clients),
  );
}
