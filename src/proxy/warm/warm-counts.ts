/**
 * What became of the keys of a file: `restored`, read from the origin and cached; `present`, a client had asked first;
 * `gone`, the origin does not have them any more; `noRoom`, their part of the cache is full; `skipped`, of another
 * type, too large, changed while they were read, or not answered.
 */
export interface WarmCounts {
  restored: number;
  present: number;
  gone: number;
  noRoom: number;
  skipped: number;
}

export function noKeys(): WarmCounts {
  return { restored: 0, present: 0, gone: 0, noRoom: 0, skipped: 0 };
}

/** What one thread counts about warming. */
export interface WarmStats {
  readonly counts: WarmCounts;
  /** Keys of the file that are still to be read. */
  left: number;
  /** When the file was last written, in Unix milliseconds; 0: not since the start. */
  writtenAtMs: number;
  /** How many keys were written then. */
  writtenKeys: number;
  /** Writes that failed. */
  failures: number;
}
