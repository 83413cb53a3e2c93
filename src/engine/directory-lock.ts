import type { Pointer } from "bun:ffi";
import { Database } from "bun:sqlite";
import { closeSync, openSync } from "node:fs";
import { join } from "node:path";
import { StorageError } from "./engine.ts";

/**
 * Claims a data directory for this process, so that two processes never write to it at once.
 *
 * The claim is two advisory locks of the operating system. Both die with the process: a crash leaves nothing to clean
 * up, and no process id needs checking. The first lock is on the directory itself (`flock`); deleting a file cannot
 * undo it. The second is SQLite's, on `owner.lock`. It keeps out earlier versions of this program, which look at
 * nothing else, and it is the only lock where `flock` cannot be called.
 * @returns a function that gives up the claim
 * @throws StorageError when this or another process has claimed the directory already
 */
export async function lockDirectory(directory: string): Promise<() => void> {
  const unlock = await lockItself(directory);
  try {
    const lock = lockFile(directory);
    return () => {
      lock.close();
      unlock();
    };
  } catch (error) {
    unlock();
    throw error;
  }
}

async function lockItself(directory: string): Promise<() => void> {
  const system = await loadSystem();
  if (system === undefined) return () => undefined;
  const descriptor = openSync(directory, "r");
  const error = system.flock(descriptor, LOCK_EXCLUSIVELY_AT_ONCE);
  if (error === 0) return () => closeSync(descriptor);
  closeSync(descriptor);
  // Some network file systems cannot lock directories.
  if (NOT_SUPPORTED.has(error)) return () => undefined;
  throw inUse(directory);
}

interface System {
  /** @returns 0, or an error number */
  flock(descriptor: number, operation: number): number;
}

/**
 * Loads `flock` from the system's library, because Bun has no call for it. Undefined when the library is not found.
 */
async function loadSystem(): Promise<System | undefined> {
  const errnoName = process.platform === "darwin" ? "__error" : "__errno_location";
  const { dlopen, read } = await import("bun:ffi");
  for (const name of LIBRARIES[process.platform] ?? []) {
    try {
      const { symbols } = dlopen(name, {
        flock: { args: ["i32", "i32"], returns: "i32" },
        [errnoName]: { args: [], returns: "ptr" },
      });
      return {
        flock: (descriptor, operation) => {
          if (symbols["flock"]!(descriptor, operation) === 0) return 0;
          const errno = symbols[errnoName]!() as Pointer;
          return read.i32(errno, 0) || UNKNOWN_ERROR;
        },
      };
    } catch {
      // The system may have another C library; try the next one.
    }
  }
  return undefined;
}

function lockFile(directory: string): Database {
  let lock: Database | undefined;
  try {
    lock = new Database(join(directory, LOCK_FILE));
    lock.run("PRAGMA journal_mode = OFF");
    lock.run("PRAGMA locking_mode = EXCLUSIVE");
    lock.run("BEGIN EXCLUSIVE");
    return lock;
  } catch (error) {
    lock?.close();
    if ((error as { code?: string }).code === "SQLITE_BUSY") throw inUse(directory);
    throw new StorageError(`cannot lock the data directory ${directory}: ${(error as Error).message}`);
  }
}

function inUse(directory: string): StorageError {
  return new StorageError(
    `the data directory ${directory} is in use by another process; stop it or choose another directory`,
  );
}

const LOCK_FILE = "owner.lock";
/** `LOCK_EX | LOCK_NB`, the same on Linux and macOS. */
const LOCK_EXCLUSIVELY_AT_ONCE = 6;
const UNKNOWN_ERROR = -1;
/** EBADF, EINVAL, ENOSYS, ENOLCK, EOPNOTSUPP and ENOTSUP on Linux and macOS. */
const NOT_SUPPORTED: ReadonlySet<number> = new Set([9, 22, 38, 78, 37, 77, 95, 102, 45]);
const LIBRARIES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ["libc.so.6", `libc.musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`],
  darwin: ["libSystem.B.dylib"],
};
