import type { Socket } from "bun";
import { utf8 } from "../lib/bytes.ts";
import type { Log } from "../lib/log.ts";
import type { ClientCertificates } from "../lib/tls.ts";
import { LimitedMessages } from "./limited-messages.ts";
import type { RefusedClients } from "./refused-clients.ts";

const NOT_CERTIFIED = utf8(
  "-DENIED this port requires a client certificate of an authority that it trusts\r\n",
);

/** What a handshake was: done, or refused for this reason. */
type Outcome = "done" | "failed" | "not certified";

/**
 * Clients whose TLS handshake is not complete yet. They have no `Connection`: nothing can be sent to them, and nothing
 * they send is a request.
 */
export class TlsHandshakes<Data> {
  readonly #sinceMs = new Map<Socket<Data>, number>();
  readonly #refused: RefusedClients;
  readonly #clock: { monotonicMs(): number };
  readonly #failures: LimitedMessages;
  readonly #certificates: LimitedMessages;

  constructor(refused: RefusedClients, log: Log, clock: { monotonicMs(): number }) {
    this.#refused = refused;
    this.#clock = clock;
    this.#failures = new LimitedMessages(log, clock);
    this.#certificates = new LimitedMessages(log, clock);
  }

  /** Clients that are in the middle of it. */
  get count(): number {
    return this.#sinceMs.size;
  }

  begun(socket: Socket<Data>): void {
    this.#sinceMs.set(socket, this.#clock.monotonicMs());
  }

  /** The client has gone. */
  closed(socket: Socket<Data>): void {
    this.#sinceMs.delete(socket);
  }

  /**
   * Handles the end of a handshake. A client that is refused is told why, if it can be, and is cut off.
   * @param error of the handshake, or of the client's certificate
   * @returns whether the client may go on
   */
  ended(
    socket: Socket<Data>,
    isComplete: boolean,
    error: Error | null,
    certificates: ClientCertificates,
  ): boolean {
    // It may have been too slow, and been cut off.
    if (!this.#sinceMs.delete(socket)) return false;
    const outcome = outcomeOf(socket, isComplete, certificates);
    if (outcome === "done") return true;
    const client = `${socket.remoteAddress}:${socket.remotePort}`;
    const reason = reasonOf(error);
    if (outcome === "failed") {
      this.#failures.warn(`the TLS handshake with ${client} failed: ${reason}`);
      socket.terminate();
    } else {
      this.#certificates.warn(
        `refused ${client}: it showed no certificate that --tls-ca vouches for: ${reason}`,
      );
      this.#refused.refuse(socket, NOT_CERTIFIED, this.#clock.monotonicMs());
    }
    return false;
  }

  /** Cuts off clients that have taken too long. @param limitMs 0: there is no bound */
  checkTimeouts(nowMs: number, limitMs: number): void {
    if (limitMs === 0) return;
    for (const [socket, sinceMs] of this.#sinceMs) {
      // The oldest come first.
      if (nowMs - sinceMs < limitMs) return;
      this.#sinceMs.delete(socket);
      socket.terminate();
    }
  }

  /** Cuts off all of them. */
  close(): void {
    for (const socket of this.#sinceMs.keys()) socket.terminate();
    this.#sinceMs.clear();
  }
}

/** The runtime completes handshakes with foreign certificates, too: whether they are valid is decided here. */
function outcomeOf<Data>(
  socket: Socket<Data>,
  isComplete: boolean,
  certificates: ClientCertificates,
): Outcome {
  if (!isComplete) return "failed";
  if (certificates === "off" || socket.authorized) return "done";
  return certificates === "optional" && !hasCertificate(socket) ? "done" : "not certified";
}

function hasCertificate<Data>(socket: Socket<Data>): boolean {
  const certificate = socket.getPeerCertificate() as object | undefined | null;
  return certificate !== undefined && certificate !== null && Object.keys(certificate).length > 0;
}

/** Puts the library's errors into words, as far as they are common. */
function reasonOf(error: Error | null): string {
  const { code = "", message } = (error ?? { message: "no reason was given" }) as Error & { code?: string };
  if (code === "UNABLE_TO_GET_ISSUER_CERT") return "none was shown";
  if (message.includes("WRONG_VERSION_NUMBER") || message.includes("HTTP_REQUEST")) {
    return "the client does not speak TLS";
  }
  if (message.includes("UNSUPPORTED_PROTOCOL")) return "the client speaks neither TLS 1.2 nor 1.3";
  if (code === "ECONNRESET") return "the client closed the connection; it may not trust this certificate";
  return message;
}
