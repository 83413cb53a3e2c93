import type { Connection } from "../net/connection.ts";
import type { Request } from "../protocol/protocol.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { soleNode } from "../upstream/sole-node.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import type { ProxyParts } from "./context.ts";
import { nodeFor } from "./destination.ts";
import { forwardFenced } from "./forwarded-request.ts";

/**
 * One client's requests that may take the origin's connection for as long as they run, or upset it: scripts, and
 * commands that are not known here. They go over a connection of this client's own, which is given back when all replies
 * have come, so nobody else waits behind them.
 */
export class AloneLane {
  readonly #proxy: ProxyParts;
  readonly #client: Connection;
  /** Called when all replies have come. */
  readonly #idle: () => void;
  #upstream: UpstreamConnection | undefined;
  #version: 2 | 3 = 2;
  /** All go to the node of the first one until the replies have come. */
  #node: OriginNode | undefined;
  #outstanding = 0;

  constructor(proxy: ProxyParts, client: Connection, idle: () => void) {
    this.#proxy = proxy;
    this.#client = client;
    this.#idle = idle;
  }

  get isBusy(): boolean {
    return this.#outstanding > 0;
  }

  /** Whether what is outstanding goes over a connection of another version than the client speaks by now. */
  get speaksOtherwise(): boolean {
    return this.isBusy && this.#version !== this.#client.respVersion;
  }

  /** @throws UpstreamError when the origin is down */
  forward(request: Request): void {
    const version = this.#client.respVersion;
    let node = this.#node;
    let upstream = this.#upstream;
    if (node === undefined || upstream === undefined || upstream.isClosed) {
      node = nodeFor(this.#proxy, request, undefined);
      upstream = node.dedicated(version, { closed: () => {} });
      this.#node = node;
      this.#upstream = upstream;
      this.#version = version;
    }
    if (!upstream.accepts) throw node.overloaded();
    this.#send(node, upstream, request, () => {
      if (this.#outstanding > 0 || this.#upstream !== upstream) return;
      this.#upstream = undefined;
      node.giveBack(upstream, version);
    });
  }

  /** For what an origin answers while it is busy with a script. @throws UpstreamError when the origin is down */
  forwardUrgently(request: Request): void {
    const node = soleNode(this.#proxy.origin);
    const upstream = node.urgent(this.#client.respVersion);
    this.#send(node, upstream, request, () =>
      upstream.close(new UpstreamError("ORIGINDOWN", "answered", true)),
    );
  }

  /** The client has gone. What it has asked runs on; nobody awaits it. */
  end(): void {
    this.#upstream?.close(new UpstreamError("ORIGINDOWN", "the client has gone", true));
    this.#upstream = undefined;
  }

  #send(node: OriginNode, upstream: UpstreamConnection, request: Request, answered: () => void): void {
    const { origin, cache } = this.#proxy;
    this.#outstanding++;
    forwardFenced(this.#proxy, this.#client, node, upstream, request, true, () => {
      // What it changed is not known, and without tracking nobody will tell.
      if (origin.tracking !== true) cache.invalidateAll();
      this.#outstanding--;
      answered();
      if (this.#outstanding === 0) this.#idle();
    });
  }
}
