import type { Clock } from "../lib/clock.ts";
import type { Log } from "../lib/log.ts";
import type { Random } from "../lib/random.ts";
import type { HashKey } from "../lib/sip-hash.ts";
import type { DepartureListener, StorageError } from "./engine.ts";
import type { JournalDisk } from "./journal-disk.ts";

export interface LmdbEngineOptions {
  /** Where the data lies; made when it is not there. */
  readonly directory: string;
  /**
   * `always`: `settle` waits until writes are synchronized to disk. `interval`: only until they are with the
   * operating system, which survives the death of the process; the disk has them a second later at most.
   */
  readonly sync: "always" | "interval";
  /** Memory for the arena that answers reads. */
  readonly arenaBytes: number;
  /** What that may be set to while the engine runs; by default no more. */
  readonly mostArenaBytes?: number | undefined;
  /** Who leaves the arena when it is full, as `parsePolicy` reads it. */
  readonly policy: string;
  readonly clock: Clock;
  /** Draws random keys. */
  readonly random: Random;
  /** The secret of the key hash where a database is made; drawn by default. */
  readonly hashKey?: HashKey | undefined;
  readonly onDeparture: DepartureListener;
  /** How long writes wait for the database, and with `interval` for the disk; 1,000 by default. */
  readonly intervalMs?: number;
  /** Memory for writes that wait for the disk, 256 MiB by default: beyond a quarter `settle` waits, beyond all `set` refuses. */
  readonly pendingBytes?: number;
  /**
   * Whether to go on with what can be read where the directory is damaged; else opening fails. Damaged files are kept
   * under another name.
   */
  readonly isRecovering?: boolean | undefined;
  /** Told once, when something could not be written and writes are refused from then on. */
  readonly onFailure?: ((error: StorageError) => void) | undefined;
  /** Told of a conversion and of what was damaged; silent by default. */
  readonly log?: Log | undefined;
  /** The system's, unless a test has one of its own. */
  readonly disk?: JournalDisk | undefined;
}

/** What an engine found when it opened its directory. */
export interface Recovery {
  /** Writes that had been acknowledged and not yet committed. */
  readonly journaledWrites: number;
  /** Bytes of the journal that a crash of the machine had left unfinished, and that were cut. */
  readonly voidBytes: number;
}
