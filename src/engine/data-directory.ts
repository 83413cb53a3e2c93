import {
  closeSync,
  constants,
  copyFileSync,
  existsSync,
  fdatasyncSync,
  mkdirSync,
  openSync,
  renameSync,
  rmSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Log } from "../lib/log.ts";
import type { HashKey } from "../lib/sip-hash.ts";
import { copyName, type Damage, DamageError, damageText } from "./damage.ts";
import { checkDataFile, DATA_FILE } from "./data-file.ts";
import { type EarlierJournal, findEarlierJournal, replayEarlierJournal } from "./earlier-journal.ts";
import { StorageError } from "./engine.ts";
import { hasJournals, removeJournals } from "./journal-recovery.ts";
import { EarlierTables, FORMAT_VERSION, type TableEntry, Tables } from "./tables.ts";

export interface OpeningOptions {
  readonly directory: string;
  /** Whether each frame of an earlier format's journal was on disk before the next one was begun. */
  readonly wasAlways: boolean;
  /** Whether to go on with the readable part of a damaged directory. */
  readonly isRecovering: boolean;
  readonly nowMs: number;
  /** The hash secret for a database that is made. */
  readonly hashKey: HashKey;
  readonly log: Log;
}

/**
 * Makes a data directory if there is none, so that it survives a power cut.
 * @throws StorageError
 */
export function makeDirectory(directory: string): void {
  let first: string | undefined;
  try {
    first = mkdirSync(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw new StorageError(`cannot make the data directory ${directory}: ${(error as Error).message}`);
  }
  if (first === undefined) return;
  for (let made = resolve(directory); made.length >= resolve(first).length; made = dirname(made)) {
    try {
      synchronize(dirname(made));
    } catch {
      // The parent directory may be writable but not readable; then it cannot be opened to be synchronized.
    }
  }
}

/**
 * Ensures that a directory holds a database of the present format that can be opened. Makes a new database, converts
 * one of an earlier format, and reports damage.
 *
 * A new database is made in a directory beside the old one, and replaces it once it is complete and on disk. So after
 * a crash or a power cut at any moment, the directory holds either the old state or the new one.
 * @throws DamageError, or StorageError for anything else in the way; nothing has been changed then
 */
export async function prepareDirectory(options: OpeningOptions): Promise<void> {
  const { directory, hashKey } = options;
  rmSync(join(directory, NEW_DIRECTORY), { recursive: true, force: true });
  const state = check(directory);
  if (state === "absent") {
    replaceDatabase(options, (made) => Tables.make(made, hashKey, false));
  } else if (state !== "whole") {
    recoverDatabase(options, state);
  } else {
    const format = await formatOf(directory);
    if (format < FORMAT_VERSION) await convert(options, format);
  }
  // The mark tells a lost database from one that never existed.
  if (!existsSync(join(directory, MARK_FILE))) mark(directory);
}

/**
 * Copies damaged files, and synchronizes the copies, before the files are changed.
 * @returns the names of the copies
 * @throws StorageError
 */
export function keepCopies(directory: string, damages: readonly Damage[], nowMs: number): string[] {
  const copies: string[] = [];
  for (const file of new Set(damages.map((damage) => damage.file))) {
    if (!existsSync(join(directory, file))) continue;
    const copy = copyName(file, nowMs);
    try {
      copyFileSync(join(directory, file), join(directory, copy), constants.COPYFILE_EXCL);
      synchronize(join(directory, copy));
    } catch (error) {
      // A file that had the name before is not ours to remove.
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") rmSync(join(directory, copy), { force: true });
      throw new StorageError(`cannot keep a copy of the damaged ${file}: ${(error as Error).message}`);
    }
    copies.push(copy);
  }
  synchronize(directory);
  return copies;
}

function check(directory: string): "absent" | "whole" | Damage {
  let state: "absent" | "whole" | Damage;
  const isMarked = existsSync(join(directory, MARK_FILE));
  try {
    state = checkDataFile(directory);
  } catch (error) {
    // The mark says that it was a database of ours, so it is damaged.
    if (isMarked) return { file: DATA_FILE, at: 0, what: (error as Error).message };
    throw cannotOpen(directory, error);
  }
  if (state !== "absent" || !(isMarked || hasJournals(directory))) return state;
  const what =
    "the file is missing, or empty; all keys in it are lost, except those that the journal also holds";
  return { file: DATA_FILE, at: undefined, what };
}

async function formatOf(directory: string): Promise<number> {
  try {
    return await Tables.formatOf(directory);
  } catch (error) {
    throw cannotOpen(directory, error);
  }
}

/** Starts with an empty database, and keeps the damaged file. */
function recoverDatabase(options: OpeningOptions, damage: Damage): void {
  const { directory, hashKey, log, nowMs, isRecovering } = options;
  if (!isRecovering) throw new DamageError(directory, [damage]);
  const copies = keepCopies(directory, [damage], nowMs);
  log.warn(
    { damage: damageText(damage), copies },
    "the database is damaged: starting with only the contents of the journal",
  );
  const earlier = findEarlierJournal(directory, 0, true);
  const isEarlier = earlier.parts.length > 0;
  replaceDatabase(options, (made) => {
    Tables.make(made, hashKey, !isEarlier && hasJournals(directory));
    if (isEarlier) fill(made, [], earlier);
  });
  if (isEarlier) removeJournals(directory);
}

/** Makes the tables anew: keys have a different hash now, and tables are ordered by the hash. */
async function convert(options: OpeningOptions, format: number): Promise<void> {
  const { directory, hashKey, log, wasAlways, isRecovering, nowMs } = options;
  const earlier = new EarlierTables(directory);
  try {
    const journal = findEarlierJournal(directory, earlier.journalSequence, wasAlways);
    const { damages, voidBytes } = journal;
    if (damages.length > 0 && !isRecovering) throw new DamageError(directory, damages);
    const fields = { format, to: FORMAT_VERSION, keys: earlier.count() };
    log.info(
      fields,
      "converting the data directory; this takes a while, and as much space as the data once more",
    );
    if (damages.length > 0) {
      const copies = keepCopies(directory, damages, nowMs);
      log.warn(
        { damages: damages.map(damageText), copies },
        "the journal is damaged: reading every whole frame",
      );
    } else if (voidBytes > 0) {
      log.warn({ voidBytes }, "dropped the end of the journal, which a crash had left unfinished");
    }
    replaceDatabase(options, (made) => {
      Tables.make(made, hashKey, false);
      fill(made, earlier.entries(), journal);
    });
  } finally {
    await earlier.close();
  }
  removeJournals(directory);
  log.info("converted the data directory");
}

/** Stores the contents of earlier tables and of the journal behind them. */
function fill(directory: string, entries: Iterable<TableEntry>, journal: EarlierJournal): void {
  const later = new Map<string, Uint8Array | undefined>();
  let isCleared = false;
  const nameOf = (stored: Uint8Array) => Buffer.from(stored.subarray(EARLIER_HASH_BYTES)).toString("latin1");
  replayEarlierJournal(journal, {
    put: (key, record) => later.set(nameOf(key), record),
    remove: (key) => later.set(nameOf(key), undefined),
    removeAll: () => {
      later.clear();
      isCleared = true;
    },
  });
  const tables = new Tables(directory);
  try {
    let batch: TableEntry[] = [];
    let batchBytes = 0;
    const add = (key: Uint8Array, record: Uint8Array) => {
      batch.push({ key, record });
      batchBytes += record.length;
      if (batch.length < BATCH_KEYS && batchBytes < BATCH_BYTES) return;
      tables.fill(batch);
      batch = [];
      batchBytes = 0;
    };
    for (const { key, record } of isCleared ? [] : entries) {
      if (!later.has(Buffer.from(key).toString("latin1"))) add(key, record);
    }
    for (const [name, record] of later) if (record !== undefined) add(Buffer.from(name, "latin1"), record);
    tables.fill(batch);
  } finally {
    // Closes within the call, as in `Tables.make`.
    void tables.close();
  }
}

/** Makes a database, and puts it in place of the present one, if there is one. */
function replaceDatabase({ directory }: OpeningOptions, make: (directory: string) => void): void {
  const made = join(directory, NEW_DIRECTORY);
  try {
    mkdirSync(made, { mode: 0o700 });
    // LMDB does not survive a failure to write its own first pages. So this checks first for space and permission.
    const probe = join(made, "probe");
    writeFileSync(probe, new Uint8Array(64 * 1024));
    unlinkSync(probe);
    make(made);
    synchronize(join(made, DATA_FILE));
    renameSync(join(made, DATA_FILE), join(directory, DATA_FILE));
    synchronize(directory);
    rmSync(made, { recursive: true });
  } catch (error) {
    rmSync(made, { recursive: true, force: true });
    if (error instanceof StorageError) throw error;
    throw cannotOpen(directory, error);
  }
}

function mark(directory: string): void {
  const path = join(directory, MARK_FILE);
  writeFileSync(path, `A data directory of glasscache; the database is in ${DATA_FILE}.\n`, { mode: 0o600 });
  synchronize(path);
  synchronize(directory);
}

function synchronize(path: string): void {
  const descriptor = openSync(path, "r");
  try {
    fdatasyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function cannotOpen(directory: string, error: unknown): StorageError {
  return new StorageError(`cannot open the data directory ${directory}: ${(error as Error).message}`);
}

const NEW_DIRECTORY = "new-database";
const MARK_FILE = "glasscache-data";
/** Bytes before the user's key in the keys of formats 1 and 2. */
const EARLIER_HASH_BYTES = 4;
/** Largest transaction of a conversion. */
const BATCH_KEYS = 20_000;
const BATCH_BYTES = 64 * 1024 ** 2;
