import type { Connection } from "../net/connection.ts";
import type { Request } from "../protocol/protocol.ts";
import { copyRequest } from "../protocol/request-copy.ts";
import { writeCommand, writeRequest } from "../protocol/request-writer.ts";
import { CallbackRequest } from "../upstream/callback-request.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import type { ProxyParts } from "./context.ts";

const SEVERAL_NODES = "a replica of a cluster must ask each of its nodes, not a proxy in front of it";

/**
 * Connects a client with the origin for good. From the first request on all bytes pass both ways as they arrive,
 * until one side closes. Replication needs this: the answer to SYNC is a file, followed by the commands that the
 * origin executes.
 */
export class Tunnel {
  readonly #client: Connection;
  readonly #upstream: UpstreamConnection;

  /** @throws UpstreamError if the origin is down */
  constructor({ origin, settings }: ProxyParts, client: Connection, request: Request) {
    this.#client = client;
    if (origin.nodes.length > 1) throw new UpstreamError("ORIGINDOWN", SEVERAL_NODES, false);
    this.#upstream = origin.anyNode().dedicated(2, {
      closed: () => client.closeAfterReplies(),
      mayBeAsked: () => false,
    });
    client.exemptFromIdleTimeout = true;
    client.hold();
    const first = copyRequest(request);
    // When this is answered, nothing else is on its way on this connection. If it fails, both connections end.
    writeCommand(this.#upstream.out, ["PING"]);
    this.#upstream.enqueue(new CallbackRequest(() => this.#open(first)), settings.originTimeoutMs);
  }

  /** Ends the tunnel because the client has gone. */
  end(): void {
    this.#upstream.close(new UpstreamError("ORIGINDOWN", "the client has gone", true));
  }

  #open(first: Request): void {
    const upstream = this.#upstream;
    upstream.relay((bytes) => this.#received(bytes));
    writeRequest(upstream.out, first);
    this.#client.relay((bytes, start, end) => {
      if (upstream.accepts) upstream.out.append(bytes, start, end);
      else this.end();
      upstream.queueFlush();
    });
    upstream.queueFlush();
  }

  #received(bytes: Uint8Array): void {
    const client = this.#client;
    client.pushBytes(bytes, 0, bytes.length);
    const drained = client.whenDrained();
    if (drained === undefined) return;
    this.#upstream.pauseReading();
    void drained.then(() => this.#upstream.readOn());
  }
}
