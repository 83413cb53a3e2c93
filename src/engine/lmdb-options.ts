import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import type { HashKey } from "../lib/sip-hash.ts";
import type { RemovalListener, StorageError } from "./engine.ts";
import type { JournalDisk } from "./journal-disk.ts";

export interface LmdbEngineOptions {
  /** Directory of the data; made if it does not exist. */
  readonly directory: string;
  /**
   * `always`: `settle` waits until writes are synchronized to disk. `interval`: it only waits until the operating
   * system has them, which survives the death of the process; the disk has them at most a second later.
   */
  readonly sync: "always" | "interval";
  /** Memory for the arena that answers reads, in bytes. */
  readonly arenaBytes: number;
  /** The largest size that the arena can be set to while the engine runs; `arenaBytes` by default. */
  readonly mostArenaBytes?: number | undefined;
  /** The eviction policy of the arena, as `parsePolicy` reads it. */
  readonly policy: string;
  readonly clock: Clock;
  /** Draws random keys. */
  readonly random: Random;
  /** The hash secret for a database that is made; random by default. */
  readonly hashKey?: HashKey | undefined;
  readonly onRemoval: RemovalListener;
  /** How long writes wait for the database, and with `interval` for the disk, in milliseconds; 1,000 by default. */
  readonly intervalMs?: number;
  /**
   * Memory for writes that wait for the disk, in bytes; 256 MiB by default. Above a quarter `settle` waits; above all
   * of it `set` refuses.
   */
  readonly pendingBytes?: number;
  /**
   * Whether to go on with the readable part of a damaged directory; else opening fails. Damaged files are kept under
   * another name.
   */
  readonly isRecovering?: boolean | undefined;
  /** Called once, when a write to disk fails. Writes are refused from then on. */
  readonly onFailure?: ((error: StorageError) => void) | undefined;
  /** Receives messages about conversion and damage; silent by default. */
  readonly log?: Log | undefined;
  /** The system's disk by default. */
  readonly disk?: JournalDisk | undefined;
}

/** What an engine found when it opened its directory. */
export interface Recovery {
  /** Acknowledged writes that the database did not have yet. */
  readonly journaledWrites: number;
  /** Bytes of the journal that a crash of the machine had left unfinished; they were cut. */
  readonly voidBytes: number;
}
