import type { SeededRandom } from "../../src/lib/random.ts";
import type { Around } from "./list-clients.ts";

/** An origin of several parts, each of which can fail as a whole: a cluster's shards, or one primary with its replicas. */
export interface FailingOrigin {
  /** As users give it to a proxy. */
  readonly address: string;
  readonly parts: number;
  /** Tags whose keys are written and read in every round. */
  readonly tags: readonly Tag[];
  /** Keys that nobody writes. */
  readonly quiet: readonly QuietPlace[];
  readonly faults: Readonly<Record<string, ListFault>>;
  /** Opens a client that goes past all proxies. The origin ends it. */
  openAround(): Around;
  /** Waits until every part has a primary and replicas that follow it, and everybody agrees. */
  settled(): Promise<void>;
  /** What the present time of each part's primary is called. A server that is replaced and returns has another one. */
  reigns(): Promise<readonly string[]>;
  /** What proxies call the servers of a part in their logs. */
  namesOf(part: number): readonly string[];
  /** Reads keys at their primaries. */
  valuesOf(keys: readonly string[]): Promise<(string | null)[]>;
  /** Gives a key its value again where it was lost. */
  restore(key: string, value: string): Promise<void>;
}

/** A hash tag: keys that have it are in one slot. */
export interface Tag {
  readonly part: number;
  readonly text: string;
  readonly slot: number;
}

/** A key that nobody writes. */
export interface QuietPlace extends Tag {
  readonly key: string;
}

/** Does one thing that goes wrong, and puts it right again. */
export type ListFault = (random: SeededRandom) => Promise<Damage>;

/** What a fault may have done. */
export interface Damage {
  /** The parts whose entries may have gone from the caches. */
  readonly parts: readonly number[];
  /** Only those of these hash slots; undefined: all. */
  readonly slots?: readonly number[];
  /** Where acknowledged writes may have been lost, and since when. It ends when the origin has settled. */
  readonly losses: readonly Lossy[];
}

export interface Lossy {
  concerns(place: Pick<Tag, "part" | "slot">): boolean;
  readonly startMs: number;
  /** Undefined: when the origin has settled. */
  readonly endMs?: number;
}
