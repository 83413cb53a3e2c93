import { closeSync, mkdtempSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import type { RecordSource } from "../replay/records.ts";
import { openSource, type SourceOptions } from "../sim/source.ts";
import { reason } from "./config.ts";
import { FailedError } from "./exit.ts";

const PIECE_BYTES = 96_000;
const PIECES_A_TURN = 32;

/**
 * Standard input as a source that can be read again. The first reading copies it into a temporary file, and later
 * ones read the file. The file has no name, so it disappears with the process, however that ends.
 */
export class RepeatableInput implements Disposable {
  readonly #input: AsyncIterable<Uint8Array>;
  readonly #directory: string;
  readonly #file: number;

  /**
   * @param directory directory of the file; the system's (TMPDIR) by default
   * @throws FailedError if the file cannot be created
   */
  constructor(input: AsyncIterable<Uint8Array>, directory: string = tmpdir()) {
    this.#input = input;
    this.#directory = directory;
    this.#file = this.#writing(() => {
      const own = mkdtempSync(join(directory, "glasscache-input-"));
      try {
        return openSync(join(own, "copy"), "wx+", 0o600);
      } finally {
        rmSync(own, { recursive: true, force: true });
      }
    });
  }

  /**
   * Opens the source; to be called once.
   * @throws the errors of `openSource`
   */
  async open(options: SourceOptions): Promise<RecordSource> {
    const original = await openSource("-", { ...options, standardInput: this.#copied() });
    let next: RecordSource | undefined = original;
    return {
      name: original.name,
      hasSizes: original.hasSizes,
      isRepeatable: true,
      extent: original.extent,
      ...(original.interpretation !== undefined && { interpretation: original.interpretation }),
      read: async (consume, progress) => {
        const source = next ?? (await this.#again(options));
        next = undefined;
        await source.read(consume, progress);
      },
    };
  }

  [Symbol.dispose](): void {
    closeSync(this.#file);
  }

  #again(options: SourceOptions): Promise<RecordSource> {
    return openSource("-", { ...options, standardInput: this.#copy() });
  }

  async *#copy(): AsyncGenerator<Uint8Array> {
    const buffer = new Uint8Array(PIECE_BYTES);
    for (let pieces = 1, at = 0; ; pieces++) {
      const bytesRead = readSync(this.#file, buffer, 0, PIECE_BYTES, at);
      if (bytesRead === 0) return;
      at += bytesRead;
      yield buffer.subarray(0, bytesRead);
      // Lets other work run, such as showing progress.
      if (pieces % PIECES_A_TURN === 0) await setImmediate();
    }
  }

  async *#copied(): AsyncGenerator<Uint8Array> {
    for await (const bytes of this.#input) {
      this.#writing(() => {
        for (let done = 0; done < bytes.length; ) done += writeSync(this.#file, bytes, done);
      });
      yield bytes;
    }
  }

  #writing<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw new FailedError(
        `standard input has to be read twice, and cannot be copied into ${this.#directory} (TMPDIR): ${reason(error)}`,
      );
    }
  }
}
