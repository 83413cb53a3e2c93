import { Database } from "bun:sqlite";
import { join } from "node:path";
import { StorageError } from "./engine.ts";

/**
 * Claims a data directory for this process, so that no two write to it at once.
 *
 * The claim is an advisory lock of the operating system, which dies with the process: nothing is left to clean
 * up after a crash, and no process id has to be guessed at. Bun has no call for such a lock, but SQLite, which
 * comes with it, takes one on an empty database file for as long as an exclusive transaction is open.
 * @returns a function that gives the directory up
 * @throws StorageError when the directory is claimed already, by this or another process
 */
export function lockDirectory(directory: string): () => void {
  let lock: Database | undefined;
  try {
    lock = new Database(join(directory, LOCK_FILE));
    lock.run("PRAGMA journal_mode = OFF");
    lock.run("PRAGMA locking_mode = EXCLUSIVE");
    lock.run("BEGIN EXCLUSIVE");
    const held = lock;
    return () => held.close();
  } catch (error) {
    lock?.close();
    if ((error as { code?: string }).code === "SQLITE_BUSY") {
      throw new StorageError(
        `the data directory ${directory} is in use by another process; stop it or choose another directory`,
      );
    }
    throw new StorageError(`cannot lock the data directory ${directory}: ${(error as Error).message}`);
  }
}

const LOCK_FILE = "owner.lock";
