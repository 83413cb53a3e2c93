import { accessSync, closeSync, constants, openSync, readSync, type Stats, statSync } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import {
  BLOCK_HEADER_BYTES,
  checkBlock,
  checkTrailer,
  headerBytes,
  PREFIX_BYTES,
  readBlock,
  readBlockHead,
  readHeader,
  WarmFormatError,
  type WarmKey,
  type WarmOrigin,
  warmHeader,
} from "./warm-format.ts";

/** Only the owner may read the file: it holds the names of keys. */
const FILE_MODE = 0o600;
/** Where a file goes that could not be used, before another one takes its place. */
const UNUSED = ".unused";

/** The file can be neither read nor written. The message is for users, and begins with its name. */
export class WarmFileError extends Error {
  override name = "WarmFileError";
}

/**
 * Checks at the start that there can be a file of this name: it is one of ours, or none yet.
 * @throws WarmFileError
 */
export function checkWarmPath(path: string): void {
  const refuse = (problem: string): never => {
    throw new WarmFileError(`${path}: ${problem}`);
  };
  const folder = dirname(path);
  const folderStats = statsOf(folder);
  if (folderStats?.isDirectory() !== true) refuse(`there is no folder ${folder}`);
  try {
    accessSync(folder, constants.W_OK | constants.X_OK);
  } catch {
    refuse(`no file can be written to the folder ${folder}`);
  }
  const stats = statsOf(path);
  if (stats === undefined) return;
  if (!stats.isFile()) refuse(stats.isDirectory() ? "is a folder; give a file" : "is no ordinary file");
  try {
    headerBytes(firstBytes(path));
  } catch (error) {
    if (!(error instanceof WarmFormatError)) refuse(`cannot be read: ${(error as Error).message}`);
    // A file of ours is told about when its keys are to be read, and is kept.
    else if (error.isForeign) refuse(`${error.message}; give another name`);
  }
}

function statsOf(path: string): Stats | undefined {
  return statSync(path, { throwIfNoEntry: false });
}

function firstBytes(path: string): Uint8Array {
  const file = openSync(path, "r");
  try {
    const bytes = new Uint8Array(PREFIX_BYTES);
    return bytes.subarray(0, readSync(file, bytes, 0, PREFIX_BYTES, 0));
  } finally {
    closeSync(file);
  }
}

/** Where a block lies. */
export interface WarmBlock {
  readonly at: number;
  readonly bytes: number;
  readonly firstRank: number;
  readonly lastRank: number;
}

/** A file of warm keys that is right from the first byte to the last. */
export class WarmFile {
  readonly origin: WarmOrigin;
  readonly keys: number;
  /** In the order of eviction: those that leave first first. */
  readonly blocks: readonly WarmBlock[];
  readonly #file: FileHandle;

  private constructor(file: FileHandle, origin: WarmOrigin, keys: number, blocks: readonly WarmBlock[]) {
    this.#file = file;
    this.origin = origin;
    this.keys = keys;
    this.blocks = blocks;
  }

  /**
   * Opens a file, and reads all of it once.
   * @returns undefined if there is none
   * @throws WarmFormatError, Error
   */
  static async open(path: string): Promise<WarmFile | undefined> {
    const file = await open(path, "r").catch((error: NodeJS.ErrnoException) => {
      if (error.code === "ENOENT") return undefined;
      throw error;
    });
    if (file === undefined) return undefined;
    try {
      const prefix = await readUpTo(file, 0, PREFIX_BYTES);
      const header = await readUpTo(file, 0, headerBytes(prefix));
      const origin = readHeader(header);
      const blocks: WarmBlock[] = [];
      let keys = 0;
      for (let at = header.length; ; ) {
        const head = readBlockHead(await readUpTo(file, at, BLOCK_HEADER_BYTES));
        const { totalBytes, firstRank, lastRank } = head;
        const bytes = await readExactly(file, at, totalBytes);
        at += totalBytes;
        if (head.bytes === 0) {
          checkTrailer(bytes, blocks.length, keys);
          break;
        }
        checkBlock(bytes);
        keys += head.keys;
        blocks.push({ at: at - totalBytes, bytes: totalBytes, firstRank, lastRank });
      }
      blocks.sort((one, other) => one.firstRank - other.firstRank);
      return new WarmFile(file, origin, keys, blocks);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  /** Returns the keys of a block, in the order of eviction. @throws Error */
  async read({ at, bytes }: WarmBlock): Promise<WarmKey[]> {
    return readBlock(await readExactly(this.#file, at, bytes));
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

async function readUpTo(file: FileHandle, at: number, count: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(count);
  let filled = 0;
  while (filled < count) {
    const { bytesRead } = await file.read(bytes, filled, count - filled, at + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

async function readExactly(file: FileHandle, at: number, count: number): Promise<Uint8Array> {
  const bytes = await readUpTo(file, at, count);
  if (bytes.length < count) throw new WarmFormatError("was cut short");
  return bytes;
}

/**
 * A file of warm keys that is being written beside the one it shall replace. Until `finish` has succeeded, that one is
 * untouched.
 */
export class WarmFileDraft {
  readonly #path: string;
  readonly #draftPath: string;
  readonly #file: FileHandle;

  private constructor(path: string, draftPath: string, file: FileHandle) {
    this.#path = path;
    this.#draftPath = draftPath;
    this.#file = file;
  }

  /** @throws Error */
  static async create(path: string, origin: WarmOrigin): Promise<WarmFileDraft> {
    const draftPath = `${path}.new`;
    // What a program has left behind that was killed. A link to another file is not followed.
    await rm(draftPath, { force: true });
    const file = await open(draftPath, "wx", FILE_MODE);
    const draft = new WarmFileDraft(path, draftPath, file);
    try {
      await draft.append(warmHeader(origin));
      return draft;
    } catch (error) {
      await draft.discard();
      throw error;
    }
  }

  /** @throws Error, for example if the disk is full */
  async append(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, at, bytes.length - at);
      at += bytesWritten;
    }
  }

  /**
   * Puts the file in the other one's place, when it is on the disk.
   * @param keepsOther whether the other one is kept under another name
   * @throws Error
   */
  async finish(keepsOther: boolean): Promise<void> {
    await this.#file.sync();
    await this.#file.close();
    if (keepsOther) {
      await rename(this.#path, this.#path + UNUSED).catch((error: NodeJS.ErrnoException) => {
        if (error.code !== "ENOENT") throw error;
      });
    }
    await rename(this.#draftPath, this.#path);
    const folder = await open(dirname(this.#path), "r");
    await folder.sync().finally(() => folder.close());
  }

  async discard(): Promise<void> {
    await this.#file.close().catch(() => undefined);
    await rm(this.#draftPath, { force: true });
  }
}
