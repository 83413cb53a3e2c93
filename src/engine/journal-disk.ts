import {
  closeSync,
  constants,
  fdatasync,
  ftruncateSync,
  openSync,
  unlinkSync,
  write,
  writeSync,
} from "node:fs";
import { promisify } from "node:util";

/** What the journal does with files. A test's own disk may forget, fail or be slow. */
export interface JournalDisk {
  /** Makes a file that is not there. @returns its descriptor */
  make(path: string): number;
  /** Opens a directory, to synchronize it. */
  openDirectory(path: string): number;
  close(descriptor: number): void;
  remove(path: string): void;
  /** Writes source[start, start + length) at a position. @returns how many bytes it wrote */
  write(descriptor: number, source: Uint8Array, start: number, length: number, position: number): number;
  /** The same in a thread of its own. */
  writeElsewhere(
    descriptor: number,
    source: Uint8Array,
    start: number,
    length: number,
    position: number,
  ): Promise<number>;
  truncate(descriptor: number, length: number): void;
  /** Resolves when all that was written to a file, or all that is in a directory, is on disk. */
  synchronize(descriptor: number): Promise<void>;
}

export const systemDisk: JournalDisk = {
  make: (path) => openSync(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600),
  openDirectory: (path) => openSync(path, "r"),
  close: closeSync,
  remove: unlinkSync,
  write: writeSync,
  writeElsewhere: (descriptor, source, start, length, position) =>
    new Promise((resolve, reject) => {
      write(descriptor, source, start, length, position, (error, written) => {
        if (error === null) resolve(written);
        else reject(error);
      });
    }),
  truncate: ftruncateSync,
  synchronize: promisify(fdatasync),
};
