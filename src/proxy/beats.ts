import { BEAT_MS } from "../instruments/health.ts";
import type { InstrumentsMemory } from "../instruments/instruments-memory.ts";
import type { ThreadState } from "../instruments/thread-beats.ts";
import type { Origin } from "../upstream/origin.ts";
import type { ProxyParts } from "./context.ts";

const STATE_OF_LINK = {
  up: "ready",
  silent: "origin-silent",
  down: "origin-down",
} as const satisfies Record<string, ThreadState>;

/** Gives signs of life of this thread. @returns what to call when the thread begins to drain */
export function giveBeats(proxy: ProxyParts, { beats }: InstrumentsMemory): () => void {
  const { origin, index, nowMs } = proxy;
  let isDraining = false;
  const beat = (): void => {
    beats.beat(index, nowMs(), isDraining ? "draining" : stateOf(origin));
  };
  const timer = setInterval(beat, BEAT_MS);
  timer.unref();
  beat();
  return () => {
    isDraining = true;
    beat();
  };
}

function stateOf({ linkStatus, nodes }: Origin): ThreadState {
  const isPartlyUp = linkStatus !== "up" && nodes.some(({ channel }) => channel.status === "up");
  return isPartlyUp ? "node-down" : STATE_OF_LINK[linkStatus];
}
