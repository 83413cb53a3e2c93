import type { Connection } from "../net/connection.ts";
import type { Request } from "../protocol/protocol.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import type { ProxyParts } from "./context.ts";
import { nodeFor } from "./destination.ts";
import { forwardFenced } from "./forwarded-request.ts";

/**
 * One client's requests that may occupy or upset their connection to the origin: scripts, and commands that the proxy
 * does not know. They use a connection of this client's own, so no other client waits behind them. It is given back
 * when all replies have come.
 */
export class AloneLane {
  readonly #proxy: ProxyParts;
  readonly #client: Connection;
  /** Called when all replies have come. */
  readonly #idle: () => void;
  #upstream: UpstreamConnection | undefined;
  #version: 2 | 3 = 2;
  /** The node of the first request; the others go there too, until all replies have come. */
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

  /** Whether outstanding requests use a connection of another RESP version than the client's present one. */
  get speaksOtherwise(): boolean {
    return this.isBusy && this.#version !== this.#client.respVersion;
  }

  /** @throws UpstreamError if the origin is down */
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

  /** Forwards a request that an origin answers even while it is busy. @throws UpstreamError if the origin is down */
  forwardUrgently(request: Request): void {
    const node = this.#proxy.origin.anyNode();
    const upstream = node.single(this.#client.respVersion);
    this.#send(node, upstream, request, () =>
      upstream.close(new UpstreamError("ORIGINDOWN", "answered", true)),
    );
  }

  /** Ends the lane because the client has gone. Its requests run on; nobody awaits the replies. */
  end(): void {
    this.#upstream?.close(new UpstreamError("ORIGINDOWN", "the client has gone", true));
    this.#upstream = undefined;
  }

  #send(node: OriginNode, upstream: UpstreamConnection, request: Request, answered: () => void): void {
    const { origin, cache } = this.#proxy;
    this.#outstanding++;
    const done = (): void => {
      // The changes are unknown, and without tracking the origin does not tell of them.
      if (origin.tracking !== true) cache.invalidateAll("caution");
      this.#outstanding--;
      answered();
      if (this.#outstanding === 0) this.#idle();
    };
    const sentOver = { alone: this.#client.respVersion };
    forwardFenced(this.#proxy, this.#client, request, { node, upstream, sentOver, mayWrite: true, done });
  }
}
