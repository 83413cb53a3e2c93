/**
 * What clients asked and were answered, as a checker needs to know it. All times are milliseconds of one monotonic
 * clock; an operation lies somewhere between `startMs` (before it was sent) and `endMs` (after its reply came).
 *
 * The versions of a key are totally ordered. A *register* has one writer at a time, who gives out the versions, and
 * no writer any more once the outcome of a write is unknown (such a write may take effect late): the key is then
 * retired, and only read. A *counter* is only ever incremented, so the origin gives out its versions.
 */
export interface History {
  readonly writes: readonly Write[];
  readonly reads: readonly Read[];
  /** How stale a read through a proxy may be with regard to writes made elsewhere. */
  readonly boundMs: number;
  /**
   * Whether the origin removes what has a value, whenever it likes. That makes a version between the value's and the
   * next one: a reader that has found nothing must not find that value again.
   */
  readonly mayEvict?: boolean;
}

/** Where an operation was asked for: at the origin itself, or through the proxy of that name. */
export type Site = string;
export const ORIGIN: Site = "origin";
/** The site of what nobody asked for, such as the loss of everything by a restart. */
export const NOBODY: Site = "";

export interface Operation {
  readonly key: string;
  readonly site: Site;
  /** Number of the client's connection, unique in the history. */
  readonly connection: number;
  /** Place among all that was sent over that connection; replies come in the same order. */
  readonly sequence: number;
  readonly startMs: number;
  readonly endMs: number;
}

export interface Write extends Operation {
  readonly version: number;
  /** Whether the key has a value afterwards. */
  readonly leaves: "value" | "nothing";
  /**
   * `done`: acknowledged. `failed`: an error said that it did not happen. `unknown`: it may have happened, may happen
   * yet, or never; `endMs` is then Infinity.
   */
  readonly outcome: "done" | "failed" | "unknown";
  /** When the value was written with a time to live: the time at which that is over for sure. */
  readonly expiredByMs?: number;
  /**
   * Nobody wrote it: the origin has lost the versions in between, and the value of this older version is there again.
   */
  readonly restores?: number;
  /** How it was written, for people. */
  readonly how: string;
}

export interface Read extends Operation {
  /** The version of the value that was returned, or that there was none. */
  readonly version: number | "nothing";
  readonly how: string;
}

/** The version that a key has before anybody has written it: no value. */
export const UNWRITTEN = 0;
/** The version of an increment whose reply never came. */
export const UNTOLD = -1;
/** The connection of what nobody asked for, such as an expiry. */
export const NO_CONNECTION = -1;
