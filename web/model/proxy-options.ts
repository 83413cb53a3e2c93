import type { Answer, Request } from "./happenings.ts";
import { WIRE, type WireOptions } from "./wire.ts";

export interface ProxyOptions {
  readonly name: string;
  readonly wire: WireOptions;
  readonly heartbeatMs: number;
  readonly heartbeatTimeoutMs: number;
  /** The delay before a lost connection is opened again. */
  readonly reconnectMs: number;
  /** How long requests wait for a silent origin. */
  readonly originTimeoutMs: number;
  /** How long entries live if the origin does not tell of changes. */
  readonly untrackedTtlMs: number;
  /** The rules of the product, each of which a lesson can take away to show what it is for. */
  readonly coalesces: boolean;
  readonly heedsLeases: boolean;
  readonly heedsPushes: boolean;
  readonly heedsLosses: boolean;
  /** Whether invalidations come over a connection of their own; see `Wire.pushWire`. */
  readonly hasPushWire: boolean;
  /** A write is sent with a read behind it, which fills (write-through). The product's writes do not fill. */
  readonly fillsBehindWrites: boolean;
}

/** As the product's defaults. */
export const PROXY: ProxyOptions = {
  name: "proxy",
  wire: WIRE,
  heartbeatMs: 1000,
  heartbeatTimeoutMs: 2000,
  reconnectMs: 100,
  originTimeoutMs: 10_000,
  untrackedTtlMs: 1000,
  coalesces: true,
  heedsLeases: true,
  heedsPushes: true,
  heedsLosses: true,
  hasPushWire: false,
  fillsBehindWrites: false,
};

export type Reply = Extract<Answer, { kind: "reply" }>;

/** A request, and what its reply is for. */
export interface Asked {
  readonly request: Request;
  replied(reply: Reply): void;
  /** No reply will come. */
  failed(): void;
  /** What to send over a new connection instead; undefined: it may not be sent twice. */
  readonly again: (() => Asked[]) | undefined;
}
