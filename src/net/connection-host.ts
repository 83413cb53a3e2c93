import type { ByteBuffer } from "../lib/byte-buffer.ts";
import type { Timers } from "../lib/timers.ts";
import type { BatchTimer } from "./batch-timer.ts";
import type { FlushQueue } from "./flush-queue.ts";
import type { ForeignClients } from "./foreign-clients.ts";
import type { LimitedMessages } from "./limited-messages.ts";
import type { ConnectionLimits } from "./limits.ts";
import type { SharedCodec } from "./shared-codec.ts";

/** Counters that all connections of a service share. */
export interface ServiceTotals {
  requestCount: number;
  bytesReceived: number;
  bytesSent: number;
  /** Connections cut off because their clients left too many reply bytes unread. */
  outputLimitCount: number;
}

/** Everything that the connections of a listener share. */
export interface ConnectionHost {
  readonly limits: ConnectionLimits;
  readonly registry: ServiceTotals;
  /** The text protocol is off: a line is an inline command. */
  readonly respOnly: boolean;
  readonly clock: { monotonicMs(): number; wallMs(): number };
  /** Reads `monotonicMs` with its fraction. */
  readonly exactMs: () => number;
  /** Makes what `monotonicMs` would have been of a reading of `exactMs`. */
  readonly monotonicOf: (exactMs: number) => number;
  readonly timers: Timers;
  /** The parsers, the writers and the reply buffer that execute requests. */
  readonly codec: SharedCodec;
  /** Logs clients that speak another protocol. */
  readonly foreignClients: ForeignClients;
  /** Logs clients that leave too many replies unread. */
  readonly unreadReplies: LimitedMessages;
  /** Connections that have replies to send. */
  readonly flushes: FlushQueue;
  readonly batchTimes: BatchTimer;
  /** A buffer for one slice of a large value. */
  readonly slice: ByteBuffer;
}
