import type { SeededRandom } from "../../src/lib/random.ts";
import { type Direction, type Mode, PASS, type Relay, STALL, SWALLOW } from "../support/relay.ts";

/** Something that goes wrong on the way to a server, and is put right again. */
export type RelayFault = (relay: Relay, random: SeededRandom, patienceMs: number) => Promise<void>;

/** By name. `patienceMs`: about how long something must be silent to be taken for dead. */
export const RELAY_FAULTS = {
  /** Connections end in order. */
  async fin(relay) {
    relay.cut("fin");
  },

  /** Connections are reset. */
  async rst(relay) {
    relay.cut("rst");
  },

  /** The network is slow for a while. */
  async slow(relay, random) {
    await whileIn(relay, "both", { kind: "delay", minMs: 1, maxMs: 30 }, 100 + random.below(300));
  },

  /** Packets come in small pieces. */
  async fragments(relay, random) {
    await whileIn(relay, "both", { kind: "fragment", minMs: 0, maxMs: 10 }, 100 + random.below(200));
  },

  /** Nothing arrives for a while, one way or both, and then all of it. */
  async stall(relay, random, patienceMs) {
    await whileIn(relay, someDirection(random), STALL, random.below(patienceMs * 2));
  },

  /** Bytes vanish without a word; the connections look alive. */
  async swallow(relay, random, patienceMs) {
    await whileIn(relay, someDirection(random), SWALLOW, random.below(patienceMs * 2));
  },
} satisfies Record<string, RelayFault>;

async function whileIn(relay: Relay, direction: Direction | "both", mode: Mode, ms: number): Promise<void> {
  relay.setMode(direction, mode);
  await Bun.sleep(ms);
  relay.setMode("both", PASS);
}

function someDirection(random: SeededRandom): Direction | "both" {
  return random.pick(["up", "down", "down", "both"]);
}
