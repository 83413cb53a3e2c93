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

/** The journal's file operations. A test passes a disk that forgets, fails or is slow. */
export interface JournalDisk {
  /** Makes a new file. @returns its descriptor */
  make(path: string): number;
  /** Opens a directory in order to synchronize it. */
  openDirectory(path: string): number;
  close(descriptor: number): void;
  remove(path: string): void;
  /** Writes source[start, start + length) at a position. @returns how many bytes it wrote */
  write(descriptor: number, source: Uint8Array, start: number, length: number, position: number): number;
  /** Does the same on another thread. */
  writeElsewhere(
    descriptor: number,
    source: Uint8Array,
    start: number,
    length: number,
    position: number,
  ): Promise<number>;
  truncate(descriptor: number, length: number): void;
  /** Resolves when everything written to a file, or all entries of a directory, are on disk. */
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
