import { DepartureLog } from "../store/departure-log.ts";
import { EventControl } from "./events/event-control.ts";
import { EventRing } from "./events/event-ring.ts";
import type { EventTarget } from "./events/event-writer.ts";
import { WatchFilter } from "./events/watch-filter.ts";
import { ThreadBeats } from "./thread-beats.ts";

/** Words of a thread's ring: a megabyte, so that the instruments may be kept waiting for a while. */
const RING_WORDS = 2 ** 18;
/** Departures that are kept for each thread. */
const DEPARTURES = 2 ** 16;

/** Everything that another thread needs to attach. Can be sent with `postMessage`. */
export interface InstrumentsHandle {
  readonly buffer: SharedArrayBuffer;
  readonly threads: number;
}

/** The memory through which the threads of a service tell the instruments what happens. */
export class InstrumentsMemory {
  readonly handle: InstrumentsHandle;
  readonly control: EventControl;
  readonly filter: WatchFilter;
  readonly beats: ThreadBeats;

  constructor(handle: InstrumentsHandle) {
    const { buffer } = handle;
    this.handle = handle;
    this.control = new EventControl(buffer, 0);
    this.filter = new WatchFilter(buffer, FILTER_AT);
    this.beats = new ThreadBeats(buffer, THREADS_AT + handle.threads * THREAD_BYTES, handle.threads);
  }

  static create(threads: number): InstrumentsMemory {
    const buffer = new SharedArrayBuffer(THREADS_AT + threads * THREAD_BYTES + ThreadBeats.bytes(threads));
    return new InstrumentsMemory({ buffer, threads });
  }

  ring(thread: number): EventRing {
    return new EventRing(this.handle.buffer, THREADS_AT + thread * THREAD_BYTES, RING_WORDS);
  }

  /** @param nowMs the time base of the cache; for the thread that writes */
  departures(thread: number, nowMs: () => number): DepartureLog {
    const at = THREADS_AT + thread * THREAD_BYTES + EventRing.bytes(RING_WORDS);
    return new DepartureLog(this.handle.buffer, at, DEPARTURES, nowMs);
  }

  /** Where a thread writes its events. */
  target(thread: number): EventTarget {
    return { ring: this.ring(thread), control: this.control, filter: this.filter };
  }
}

const FILTER_AT = aligned(EventControl.BYTES);
const THREADS_AT = aligned(FILTER_AT + WatchFilter.BYTES);
const THREAD_BYTES = aligned(EventRing.bytes(RING_WORDS) + DepartureLog.bytes(DEPARTURES));

/** Rounds up to a whole line of the processor's cache. */
function aligned(bytes: number): number {
  return Math.ceil(bytes / 128) * 128;
}
