import type { ClockReading } from "../lib/steady-clock.ts";
import type { StoreHandle } from "../store/store.ts";
import type { InstrumentsHandle } from "./instruments-memory.ts";

/** What instruments need to read a running service. Can be sent to a worker. */
export type InstrumentsSource = ProxySource | ServerSource;

export interface ServerSource {
  readonly kind: "server";
  /** The memory of the text of all users. */
  readonly users: SharedArrayBuffer;
  /** The memory in which it publishes its numbers. */
  readonly numbers: SharedArrayBuffer;
  /** The memory of its `ThreadBeats`. */
  readonly beats: SharedArrayBuffer;
  readonly clock: ClockReading;
}

export interface ProxySource {
  readonly kind: "proxy";
  /** The memory of the text of all users. */
  readonly users: SharedArrayBuffer;
  readonly instruments: InstrumentsHandle;
  readonly store: StoreHandle;
  readonly runId: string;
  /** The memory in which its threads publish their numbers. */
  readonly threads: { readonly buffer: SharedArrayBuffer; readonly count: number };
  /** The time of the cache, as `steadyClockSince` reads it. */
  readonly clock: ClockReading;
}
