import type { SocketHandler } from "bun";
import type { Users } from "../commands/acl/users.ts";
import type { ClientCertificates } from "../lib/tls.ts";
import { formatAddress } from "./address.ts";
import type { ClientRegistry } from "./client-registry.ts";
import { Connection } from "./connection.ts";
import type { ConnectionHost } from "./connection-host.ts";
import type { LimitedMessages } from "./limited-messages.ts";
import { type RefusedClients, TOO_MANY_CLIENTS } from "./refused-clients.ts";
import type { Service } from "./service.ts";
import type { TlsHandshakes } from "./tls-handshakes.ts";
import type { Wire } from "./wire.ts";

/** What makes connections of clients, or refuses them. */
export interface Admission {
  readonly host: ConnectionHost;
  readonly registry: ClientRegistry;
  readonly service: Service;
  /** A new client is the default one. */
  readonly users: Users;
  readonly refused: RefusedClients;
  /** Logs clients that were refused because there are too many. */
  readonly refusals: LimitedMessages;
  readonly handshakes: TlsHandshakes<Connection>;
}

/** Makes a connection of a new wire. @returns undefined if the wire was refused, because too many are open */
function admit(wire: Wire, admission: Admission): Connection | undefined {
  const { host, registry, service, users, refused } = admission;
  if (registry.openCount >= host.limits.connections) {
    noteRefusal(wire, admission);
    refused.refuse(wire, TOO_MANY_CLIENTS, host.clock.monotonicMs());
    return undefined;
  }
  const connection = new Connection(wire, registry.nextId(), host);
  connection.user = users.default;
  connection.authenticated = !users.needsPassword;
  registry.add(connection);
  connection.session = service.connect(connection);
  return connection;
}

function noteRefusal(wire: Wire, { host, registry, refusals }: Admission): void {
  registry.rejectedCount++;
  const { connections } = host.limits;
  refusals.warn(
    `closed the connection of ${formatAddress(wire.remoteAddress, wire.remotePort)}: there are ` +
      `${connections.toLocaleString("en")} clients already, as many as --max-connections allows`,
  );
}

/** Passes the events of the runtime's sockets to their connections. */
export function socketHandlers(admission: Admission): SocketHandler<Connection> {
  return {
    open(socket) {
      const connection = admit(socket, admission);
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
      admission.registry.remove(connection);
      connection.wasClosed();
    },
    error(socket, error) {
      // The runtime calls `close` after an error of the socket. Any other error is a bug in a handler: the
      // connection cannot go on, and the bug must be reported.
      socket.terminate();
      const { syscall, code } = error as { readonly syscall?: string; readonly code?: string };
      // EPROTO: the client has broken the protocol of TLS, or ended it by an alert.
      if (syscall === undefined && code !== "EPROTO") {
        queueMicrotask(() => {
          throw error;
        });
      }
    },
  };
}

/** The same for sockets with TLS, which become connections when their handshakes are complete. */
export function securedHandlers(
  admission: Admission,
  certificates: ClientCertificates,
): SocketHandler<Connection> {
  const { host, registry, handshakes } = admission;
  const handlers = socketHandlers(admission);
  return {
    ...handlers,
    open(socket) {
      if (registry.openCount + handshakes.count < host.limits.connections) {
        handshakes.begun(socket);
        return;
      }
      // To tell the client why would take a handshake, which costs more than all the rest.
      noteRefusal(socket, admission);
      socket.terminate();
    },
    handshake(socket, isComplete, error) {
      if (!handshakes.ended(socket, isComplete, error, certificates)) return;
      const connection = admit(socket, admission);
      if (connection !== undefined) socket.data = connection;
    },
    close(socket, error) {
      handshakes.closed(socket);
      handlers.close!(socket, error);
    },
  };
}
