import { BEAT_MS } from "../instruments/health.ts";
import { ThreadBeats } from "../instruments/thread-beats.ts";
import type { Clock } from "../lib/clock.ts";

/**
 * Gives signs of life of a server, in memory that another thread can read.
 * @returns the memory, and what to call when the server begins to end
 */
export function giveBeats(
  server: { readonly hasStorageFailed: boolean },
  clock: Clock,
): { readonly beats: SharedArrayBuffer; stop(): void } {
  const buffer = new SharedArrayBuffer(ThreadBeats.bytes(1));
  const beats = new ThreadBeats(buffer, 0, 1);
  const beat = (): void =>
    beats.beat(0, clock.monotonicMs(), server.hasStorageFailed ? "storage-failed" : "ready");
  const timer = setInterval(beat, BEAT_MS);
  timer.unref();
  beat();
  return {
    beats: buffer,
    stop() {
      clearInterval(timer);
      beats.beat(0, clock.monotonicMs(), "draining");
    },
  };
}
