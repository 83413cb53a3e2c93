import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { WordStorage } from "../replay/next-access.ts";

const BYTES_EACH = 4;

/** Words in a temporary file, in the system's directory for such files (TMPDIR). */
export class TemporaryWords implements WordStorage {
  readonly #directory: string;
  readonly #file: number;

  constructor() {
    this.#directory = mkdtempSync(join(tmpdir(), "glasscache-next-access-"));
    this.#file = openSync(join(this.#directory, "distances"), "wx+", 0o600);
  }

  write(at: number, words: Uint32Array, count: number): void {
    transfer(writeSync, this.#file, words, count, at);
  }

  read(at: number, words: Uint32Array, count: number): void {
    transfer(readSync, this.#file, words, count, at);
  }

  close(): void {
    closeSync(this.#file);
    rmSync(this.#directory, { recursive: true, force: true });
  }
}

/** Reads or writes this many words, in as many steps as the system needs. */
function transfer(
  step: (file: number, bytes: Uint8Array, from: number, count: number, position: number) => number,
  file: number,
  words: Uint32Array,
  count: number,
  position: number,
): void {
  const bytes = new Uint8Array(words.buffer, words.byteOffset, count * BYTES_EACH);
  for (let done = 0; done < bytes.length; ) {
    const some = step(file, bytes, done, bytes.length - done, position * BYTES_EACH + done);
    if (some === 0) throw new Error("the temporary file for next accesses is shorter than it should be");
    done += some;
  }
}
