import { statSync } from "node:fs";
import { join } from "node:path";
import { type Database, open, type RangeOptions, type RootDatabase } from "lmdb";
import { assert } from "../lib/assert.ts";
import type { HashKey } from "../lib/sip-hash.ts";
import type { Checkpoint } from "./checkpoint.ts";
import { DATA_FILE } from "./data-file.ts";
import { NEVER, StorageError } from "./engine.ts";
import type { KnownUses } from "./journal-recovery.ts";
import { ABSENT } from "./overlay.ts";
import {
  EXPIRY_BYTES,
  HASH_BYTES,
  readExpiry,
  readHash,
  recordExpiry,
  writeExpiry,
  writeHash,
} from "./record.ts";
import { hashKeyBytes, readHashKey, tableHash } from "./table-hash.ts";

/** The longest key that LMDB takes with its usual pages of 4 KiB. */
const LMDB_KEY_BYTES = 1978;

/** The longest key of a user: its expiry key must fit too. */
export const MAXIMUM_KEY_BYTES = LMDB_KEY_BYTES - EXPIRY_BYTES - HASH_BYTES;
/** The same limit as Redis's. */
export const MAXIMUM_VALUE_BYTES = 512 * 1024 ** 2;

/**
 * The data on disk: one LMDB environment with three databases. `data` maps stored keys to records. `expiry` has an
 * expiry key without a value for each record that expires. `meta` has the version of the format, the secret of the
 * key hash, and two numbers of the journal's uses: the last one contained in the database, and the first one since
 * the files were made. A commit changes all three or none.
 *
 * Synchronization. Commits are LMDB's plain ones. Pages are written and synchronized; then the meta page that makes
 * them visible is written through. So a commit that has returned is on disk, and after a crash of the machine the
 * last whole commit is found. The other modes of `lmdb` were tried and read (3.5.6):
 * - `noSync` leaves the order of pages and meta pages to the operating system. After a crash of the machine a meta
 *   page may point at pages that were never written, and no checksum reveals it.
 * - `noMetaSync` is safe, but still synchronizes the pages of every commit: a fifth more commits a second, no more.
 * - `overlappingSync` keeps a third meta page for the last synchronized state, which makes it safe. But it resolves
 *   the promise of a write only after the synchronization (with an fdatasync of 100 ms, a commit is visible after 1
 *   ms and acknowledged after 100 ms), so it acknowledges no sooner.
 *
 * Therefore a journal (see `journal.ts`), not one of these modes, serves writers that need not wait for the disk.
 */
export class Tables {
  /** The secret of `tableHash`. */
  readonly hashKey: HashKey;
  readonly #root: RootDatabase<Uint8Array, Uint8Array>;
  readonly #data: Database<Uint8Array, Uint8Array>;
  readonly #expiry: Database<Uint8Array, Uint8Array>;
  readonly #meta: Database<Uint8Array, Uint8Array>;
  readonly #path: string;
  /** Room for one expiry key. */
  readonly #expiryKey = new Uint8Array(LMDB_KEY_BYTES);

  /**
   * @param directory holds a database that has been checked (data-file.ts), and is locked by this process
   * @throws StorageError when it holds something else, or a version that this program does not know
   */
  constructor(directory: string) {
    this.#path = join(directory, DATA_FILE);
    let root: Root | undefined;
    try {
      root = open<Uint8Array, Uint8Array>(directory, ROOT_OPTIONS);
      this.#root = root;
      const version = readVersion(root);
      assert(version === FORMAT_VERSION, "earlier formats have been converted");
      this.#meta = openTable(root, "meta");
      this.#data = openTable(root, "data");
      this.#expiry = openTable(root, "expiry");
      const secret = this.#meta.get(HASH_KEY);
      assert(secret?.length === 8, "a database has the secret of its hash");
      this.hashKey = readHashKey(secret);
    } catch (error) {
      void root?.close();
      throw new StorageError(`cannot open the data directory ${directory}: ${(error as Error).message}`);
    }
  }

  /**
   * Makes the tables of a new database: all of them, or none if the process dies meanwhile.
   * @param directory has none yet
   * @param awaitsJournal whether there are journal files, with uses numbered from 1
   */
  static make(directory: string, hashKey: HashKey, awaitsJournal: boolean): void {
    const root = open<Uint8Array, Uint8Array>(directory, ROOT_OPTIONS);
    root.transactionSync(() => {
      for (const name of ["data", "expiry"]) root.openDB({ ...TABLE_OPTIONS, name });
      const meta = root.openDB<Uint8Array, Uint8Array>({ ...TABLE_OPTIONS, name: "meta" });
      meta.putSync(VERSION, Uint8Array.of(FORMAT_VERSION));
      meta.putSync(HASH_KEY, hashKeyBytes(hashKey));
      if (awaitsJournal) meta.putSync(FIRST_USE, numberBytes(1));
    });
    // Closes within the call: no transaction is pending.
    void root.close();
  }

  /** Returns the format of a directory's database. @throws Error when it is not one of ours, or of a later program */
  static async formatOf(directory: string): Promise<number> {
    const root = open<Uint8Array, Uint8Array>(directory, ROOT_OPTIONS);
    try {
      return readVersion(root);
    } finally {
      await root.close();
    }
  }

  /** Returns the uses of the journal that should exist; undefined when there is no journal. */
  knownUses(): KnownUses | undefined {
    const first = this.#meta.get(FIRST_USE);
    return first && { first: readExpiry(first, 0), contained: this.journalSequence() };
  }

  /** Notes that the journal's files are on disk: from now on they must exist. */
  async beginJournal(firstUse: number): Promise<void> {
    assert(firstUse === this.journalSequence() + 1, "a journal goes on where the database ends");
    await this.#change(() => void this.#meta.put(FIRST_USE, numberBytes(firstUse)));
  }

  /** Notes that the database contains the journal up to a use: its files may be removed. */
  async endJournal(lastUse: number): Promise<void> {
    await this.#change(() => {
      void this.#meta.put(JOURNAL, numberBytes(lastUse));
      void this.#meta.remove(FIRST_USE);
    });
  }

  /** Returns the number of the last journal file whose operations are all contained. */
  journalSequence(): number {
    const bytes = this.#meta.get(JOURNAL);
    return bytes === undefined ? 0 : readExpiry(bytes, 0);
  }

  /** Returns the number of keys. */
  count(): number {
    return entryCount(this.#data);
  }

  /** Returns the number of keys that have an expiry. */
  expiringCount(): number {
    return entryCount(this.#expiry);
  }

  /** Returns the record of a stored key, as a view that is valid until the next call. */
  find(key: Uint8Array): Uint8Array | undefined {
    const bytes = this.#data.getBinaryFast(key);
    // The package reuses its buffer: `length` is the record's, but a view would span the buffer's real size.
    return bytes?.subarray(0, bytes.length);
  }

  /**
   * Returns about `limit` stored keys with hashes from `from` to `to`, in the order of their hashes. All keys of the
   * last hash are included.
   * @returns the keys, and the hash up to which they are complete
   */
  keysByHash(from: number, to: number, limit: number): { keys: Uint8Array[]; upTo: number } {
    const keys: Uint8Array[] = [];
    let last = -1;
    for (const key of this.#data.getKeys(hashRange(from, to))) {
      const hash = readHash(key);
      if (keys.length >= limit && hash !== last) return { keys, upTo: last };
      keys.push(key);
      last = hash;
    }
    return { keys, upTo: to };
  }

  /**
   * Visits the expiry keys of records that expire at `atMs` or before, the earliest first, until `visit` returns
   * false.
   * @param from the expiry key to begin at; undefined for the first one
   */
  expiringUpTo(atMs: number, from: Uint8Array | undefined, visit: (expiryKey: Uint8Array) => boolean): void {
    const end = new Uint8Array(EXPIRY_BYTES);
    writeExpiry(end, 0, atMs + 1);
    for (const key of this.#expiry.getKeys(from === undefined ? { end } : { start: from, end })) {
      if (!visit(key)) return;
    }
  }

  /** Whether any record expires at `atMs` or before. */
  hasExpiring(atMs: number): boolean {
    let found = false;
    this.expiringUpTo(atMs, undefined, () => {
      found = true;
      return false;
    });
    return found;
  }

  /**
   * Commits the writes [from, to) of a checkpoint in one transaction. All are handed over before this returns; the
   * records must not change until then.
   * @param journalSequence the last journal file that is contained with these writes; undefined for no change
   * @returns resolved when they are on disk
   * @throws StorageError as a rejection
   */
  async commit(
    checkpoint: Checkpoint,
    from: number,
    to: number,
    journalSequence: number | undefined,
  ): Promise<void> {
    await this.#change(() => this.#write(checkpoint, from, to, journalSequence));
  }

  async #change(change: () => void): Promise<void> {
    try {
      // Not left to the package's batches of an event turn: the package keeps a promise of each batch to itself, and
      // nobody could handle its rejection.
      await this.#root.batch(change);
    } catch (error) {
      throw new StorageError(`writing to the database failed: ${await causeOf(error as CommitError)}`);
    }
  }

  /** Stores many keys at once, without a journal, into a database that is being made. */
  fill(entries: readonly TableEntry[]): void {
    this.#root.transactionSync(() => {
      for (const { key, record } of entries) {
        const stored = new Uint8Array(HASH_BYTES + key.length);
        writeHash(stored, 0, tableHash(key, 0, key.length, this.hashKey));
        stored.set(key, HASH_BYTES);
        const expiresAtMs = recordExpiry(record);
        this.#data.putSync(stored, record);
        if (expiresAtMs > NEVER) this.#expiry.putSync(this.#expiryKeyOf(stored, expiresAtMs), NOTHING);
      }
    });
  }

  #write(checkpoint: Checkpoint, from: number, to: number, journalSequence: number | undefined): void {
    const { writes, records, expiries } = checkpoint;
    if (checkpoint.isCleared) {
      void this.#data.clearAsync();
      void this.#expiry.clearAsync();
    }
    for (let i = from; i < to; i++) {
      const { key, committedExpiresAtMs } = writes[i]!;
      const record = records[i];
      const expiresAtMs = expiries[i]!;
      if (committedExpiresAtMs > NEVER && committedExpiresAtMs !== expiresAtMs) {
        void this.#expiry.remove(this.#expiryKeyOf(key, committedExpiresAtMs));
      }
      if (expiresAtMs > NEVER && committedExpiresAtMs !== expiresAtMs) {
        void this.#expiry.put(this.#expiryKeyOf(key, expiresAtMs), NOTHING);
      }
      if (record !== undefined) void this.#data.put(key, record);
      else if (committedExpiresAtMs !== ABSENT) void this.#data.remove(key);
    }
    if (journalSequence === undefined) return;
    assert(journalSequence > this.journalSequence(), "the database goes on in the journal, never back");
    void this.#meta.put(JOURNAL, numberBytes(journalSequence));
  }

  #expiryKeyOf(key: Uint8Array, expiresAtMs: number): Uint8Array {
    writeExpiry(this.#expiryKey, 0, expiresAtMs);
    this.#expiryKey.set(key, EXPIRY_BYTES);
    return this.#expiryKey.subarray(0, EXPIRY_BYTES + key.length);
  }

  /** Length of the environment's file in bytes. */
  diskBytes(): number {
    return statSync(this.#path).size;
  }

  /**
   * Reads everything and checks that records and expiry keys match. For tests.
   * @throws AssertionError
   */
  check(): void {
    let expiring = 0;
    for (const { key, value } of this.#data.getRange({})) {
      assert(
        readHash(key) === tableHash(key, HASH_BYTES, key.length, this.hashKey),
        "a key lies at its hash",
      );
      const expiresAtMs = recordExpiry(value);
      if (expiresAtMs === NEVER) continue;
      expiring++;
      const expiryKey = this.#expiryKeyOf(key, expiresAtMs);
      assert(this.#expiry.doesExist(expiryKey), "a record that expires has its expiry key");
    }
    assert(expiring === this.expiringCount(), "every expiry key has its record");
  }

  /** Waits for the transactions under way, then closes. */
  async close(): Promise<void> {
    await this.#root.close();
  }
}

const TABLE_OPTIONS = { encoding: "binary", keyEncoding: "binary", cache: false } as const;
const ROOT_OPTIONS = {
  ...TABLE_OPTIONS,
  overlappingSync: false,
  eventTurnBatching: false,
  // Missing from the package's types.
  permissionsMode: 0o600,
};

type Root = RootDatabase<Uint8Array, Uint8Array>;

/** A user's key and its record. */
export interface TableEntry {
  readonly key: Uint8Array;
  readonly record: Uint8Array;
}

/** Version of the layout of keys, records, databases and journal. */
export const FORMAT_VERSION = 3;
const VERSION = Buffer.from("version");
const HASH_KEY = Buffer.from("hash key");
const JOURNAL = Buffer.from("journal");
const FIRST_USE = Buffer.from("first use");
const FOREIGN = "it holds a database of another program";
const NOTHING = new Uint8Array(0);

function readVersion(root: Root): number {
  const version = openTable(root, "meta").get(VERSION)?.[0];
  if (version === undefined) throw new Error(FOREIGN);
  if (version > FORMAT_VERSION) {
    throw new Error(
      `it has format ${version}, and this version of the program reads formats up to ${FORMAT_VERSION}`,
    );
  }
  return version;
}

function numberBytes(number: number): Uint8Array {
  const bytes = new Uint8Array(8);
  writeExpiry(bytes, 0, number);
  return bytes;
}

/** The tables of a database of format 1 or 2, for reading. */
export class EarlierTables {
  /** The last use of the journal that is contained. */
  readonly journalSequence: number;
  readonly #root: Root;

  constructor(directory: string) {
    this.#root = open<Uint8Array, Uint8Array>(directory, ROOT_OPTIONS);
    const contained = openTable(this.#root, "meta").get(JOURNAL);
    this.journalSequence = contained === undefined ? 0 : readExpiry(contained, 0);
  }

  /** How many keys there are. */
  count(): number {
    return entryCount(openTable(this.#root, "data"));
  }

  *entries(): Generator<TableEntry> {
    for (const { key, value } of openTable(this.#root, "data").getRange({})) {
      yield { key: key.subarray(HASH_BYTES), record: value };
    }
  }

  async close(): Promise<void> {
    await this.#root.close();
  }
}

/** Opens a table. @throws Error when there is none of that name */
function openTable(
  root: RootDatabase<Uint8Array, Uint8Array>,
  name: string,
): Database<Uint8Array, Uint8Array> {
  // `create` is missing from the package's types; nor do they say that the table may not exist.
  const options = { ...TABLE_OPTIONS, name, create: false };
  const table: Database<Uint8Array, Uint8Array> | undefined = root.openDB(options);
  if (table === undefined) throw new Error(FOREIGN);
  return table;
}

function hashRange(from: number, to: number): RangeOptions {
  const start = new Uint8Array(HASH_BYTES);
  writeHash(start, 0, from);
  if (to === 0xffffffff) return { start };
  const end = new Uint8Array(HASH_BYTES);
  writeHash(end, 0, to + 1);
  return { start, end };
}

function entryCount(database: Database<Uint8Array, Uint8Array>): number {
  return (database.getStats() as { entryCount: number }).entryCount;
}

/** The error that `lmdb` rejects with. It carries a promise, which `lmdb` rejects with the reason. */
interface CommitError extends Error {
  commitError?: Promise<never>;
}

async function causeOf(error: CommitError): Promise<string> {
  try {
    await error.commitError;
    return error.message;
  } catch (reason) {
    return (reason as Error).message;
  }
}
