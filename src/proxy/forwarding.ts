import type { ByteBuffer } from "../lib/byte-buffer.ts";
import type { Connection } from "../net/connection.ts";
import type { Ticket } from "../net/ticket.ts";
import type { Request } from "../protocol/protocol.ts";
import {
  writeArgument,
  writeArgumentCount,
  writeRequest,
  writeTextArgument,
} from "../protocol/request-writer.ts";
import type { UpstreamConnection } from "../upstream/connection.ts";
import type { Fenced } from "../upstream/fenced.ts";
import { usesHashSlots } from "../upstream/origin.ts";
import type { ProxyParts } from "./context.ts";
import { nodeFor, nodeOfUses } from "./destination.ts";
import { ForwardedRequest, forwardFenced } from "./forwarded-request.ts";
import type { Lane, Lanes } from "./lanes.ts";
import { writeLargeRequest } from "./large-request.ts";
import { PendingRequest } from "./pending-request.ts";
import { isUrgent, mayWrite, type Route, TEXT_DELETE, TEXT_PUT } from "./routes.ts";
import { mayNeedSeveral, type Plan, planOf } from "./several-nodes/plan.ts";
import { sendParts } from "./several-nodes/several-nodes.ts";
import { backendTicket } from "./text-sources.ts";
import { touchKeys, touchSentOn, touchUses } from "./touched-keys.ts";

/** How to send a request over the main connection; see the options of `ForwardedRequest`. */
interface Sending {
  readonly version: 0 | 2 | 3;
  readonly mayWrite: boolean;
  readonly behind?: Fenced | undefined;
  readonly beforeReply?: (() => void) | undefined;
}

/** Forwards one client's requests to the origin: writes, and reads that are not cached. */
export class Forwarding {
  readonly #proxy: ProxyParts;
  readonly #connection: Connection;
  readonly #lanes: Lanes;

  constructor(proxy: ProxyParts, connection: Connection, lanes: Lanes) {
    this.#proxy = proxy;
    this.#connection = connection;
    this.#lanes = lanes;
  }

  readonly #sentOn = (bytes: Uint8Array, start: number, end: number): (() => void) =>
    touchSentOn(this.#proxy, bytes, start, end);

  /** @param route undefined: unknown */
  forward(request: Request, route: Route | undefined): void {
    const plan = this.#plan(request, route);
    if (plan !== undefined) {
      if (this.#lanes.enter("main", request)) this.#overSeveral(request, route!, plan);
      return;
    }
    const lane = laneOf(request, route);
    if (!this.#lanes.enter(lane, request)) return;
    if (route === undefined) this.#lanes.alone.forward(request);
    else if (lane === "alone") this.#lanes.alone.forwardUrgently(request);
    else if (lane === "side") this.#overSide(request, route);
    else this.#overMain(request, route);
  }

  /** Executes PUT or DELETE of the text protocol. The client has entered the main lane. */
  writeText(request: Request, isPut: boolean): void {
    const route = isPut ? TEXT_PUT : TEXT_DELETE;
    const upstream = nodeFor(this.#proxy, request, route).main();
    const beforeReply = touchKeys(this.#proxy, this.#lanes.keys, request, route);
    const { out } = upstream;
    const start = out.length;
    writeArgumentCount(out, request.count);
    writeTextArgument(out, isPut ? "SET" : "DEL");
    for (let index = 1; index < request.count; index++) {
      writeArgument(out, request.bytes, request.starts[index]!, request.ends[index]!);
    }
    const pending = new PendingRequest(this.#proxy.stats, this.#connection, request, route.name);
    const how: Sending = { version: 0, mayWrite: true, beforeReply };
    this.#await(upstream, backendTicket(this.#connection), pending, how, this.#keep(how, out, start));
  }

  /** Whether several nodes execute the request. */
  needsSeveral(request: Request, route: Route | undefined): boolean {
    return this.#plan(request, route) !== undefined;
  }

  /** How several nodes execute the request; undefined: one does. */
  #plan(request: Request, route: Route | undefined): Plan | undefined {
    const { origin, random, settings } = this.#proxy;
    if (route === undefined || !mayNeedSeveral(route.name) || !usesHashSlots(origin)) return undefined;
    return planOf({ origin, random, splitsWrites: settings.splitsWrites }, route.name, request);
  }

  #overSeveral(request: Request, route: Route, plan: Plan): void {
    const proxy = this.#proxy;
    const lanes = this.#lanes;
    const isRead = route.kind === "read";
    // The request sees keys that other threads may have cached without knowing of the change yet.
    const isFenced = proxy.cache.isShared && isRead && route.all === true;
    if (isFenced) lanes.keys.addAll();
    // Any of its parts may be sent on.
    const beforeReply = isFenced ? undefined : touchKeys(proxy, lanes.keys, request, route, true);
    lanes.beginMain();
    const { name } = route;
    const sent = { name, mayWrite: mayWrite(route), isFenced, beforeReply, done: lanes.mainDone };
    sendParts(proxy, this.#connection, request, plan, sent);
  }

  #overMain(request: Request, route: Route): void {
    const proxy = this.#proxy;
    const { keys } = this.#lanes;
    const version = this.#connection.respVersion;
    const upstream = nodeFor(proxy, request, route).main();
    if (proxy.cache.isShared && route.kind === "read" && route.all === true) {
      // The request sees keys that other threads may have cached without knowing of the change yet.
      keys.addAll();
      this.#send(upstream, request, route.name, { version, mayWrite: false, behind: proxy.origin });
      return;
    }
    const beforeReply = touchKeys(proxy, keys, request, route);
    this.#send(upstream, request, route.name, { version, mayWrite: route.kind === "write", beforeReply });
  }

  #overSide(request: Request, route: Route): void {
    const proxy = this.#proxy;
    const lanes = this.#lanes;
    const uses = proxy.usesOf(route, request);
    const node = nodeOfUses(proxy.origin, request, uses);
    const upstream = node.side(this.#connection.respVersion);
    const beforeReply = touchUses(proxy, request, uses);
    lanes.beginSide();
    const done = (): void => {
      beforeReply();
      lanes.sideDone();
    };
    const sentOver = this.#connection.respVersion;
    forwardFenced(proxy, this.#connection, request, {
      node,
      upstream,
      sentOver,
      mayWrite: mayWrite(route),
      done,
    });
  }

  #send(upstream: UpstreamConnection, request: Request, name: string, how: Sending): void {
    const { out } = upstream;
    // Large arguments belong to the origin's connection once they are written.
    const pending = new PendingRequest(this.#proxy.stats, this.#connection, request, name);
    const start = out.length;
    if (request.large !== undefined) writeLargeRequest(upstream, request, request.large);
    else writeRequest(out, request);
    const keptBytes = request.large === undefined ? this.#keep(how, out, start) : 0;
    this.#await(upstream, this.#connection.defer(), pending, how, keptBytes);
  }

  /**
   * Keeps the bytes of a request in case it must be sent again: any that changes nothing, and all others where nodes
   * send requests on.
   * @returns how many
   */
  #keep({ mayWrite }: Sending, out: ByteBuffer, start: number): number {
    const { origin, sentRequests } = this.#proxy;
    if (mayWrite && !origin.redirects) return 0;
    sentRequests.keep(out.bytes, start, out.length);
    return out.length - start;
  }

  #await(
    upstream: UpstreamConnection,
    ticket: Ticket,
    pending: PendingRequest,
    how: Sending,
    keptBytes: number,
  ): void {
    const { stats, fence, sentRequests } = this.#proxy;
    stats.forwarded++;
    this.#lanes.beginMain();
    const done = this.#lanes.mainDone;
    const { version, mayWrite, behind, beforeReply } = how;
    // Not spread: each write pays for it.
    const request = new ForwardedRequest({
      ticket,
      pending,
      version,
      mayWrite,
      stats,
      fence,
      behind,
      sentOver: "main",
      beforeReply,
      sentOn: this.#sentOn,
      done,
    });
    const { bytes, start } = sentRequests;
    if (keptBytes > 0) request.keep(bytes, start, start + keptBytes);
    upstream.enqueue(request);
  }
}

function laneOf(request: Request, route: Route | undefined): Lane {
  if (route === undefined || isUrgent(route, request)) return "alone";
  const { kind, onlyWithCount } = route;
  const countFits = onlyWithCount === undefined || onlyWithCount === request.count;
  return (kind === "read" || kind === "write") && countFits ? "main" : "side";
}
