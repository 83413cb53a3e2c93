import type { ByteBuffer } from "../lib/byte-buffer.ts";
import type { Timers } from "../lib/timers.ts";
import type { FlushQueue } from "./flush-queue.ts";
import type { ForeignClients } from "./foreign-clients.ts";
import type { ConnectionLimits } from "./limits.ts";
import type { SharedCodec } from "./shared-codec.ts";

/** What all connections of one service count together. */
export interface ServiceTotals {
  requestCount: number;
  bytesReceived: number;
  bytesSent: number;
  /** Clients cut off because too many reply bytes waited for them. */
  outputLimitCount: number;
}

/** What a listener shares among its connections. */
export interface ConnectionHost {
  readonly limits: ConnectionLimits;
  readonly registry: ServiceTotals;
  /** Only RESP: what does not begin with `*` is an inline command, not the text protocol. */
  readonly respOnly: boolean;
  readonly clock: { monotonicMs(): number; wallMs(): number };
  readonly timers: Timers;
  /** What requests are executed with. */
  readonly codec: SharedCodec;
  /** Told of clients that speak another protocol. */
  readonly foreignClients: ForeignClients;
  /** Connections with replies written since the last event. */
  readonly flushes: FlushQueue;
  /** A piece of a large value on its way to a client. */
  readonly slice: ByteBuffer;
}
