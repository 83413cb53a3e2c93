import { createWriteStream, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

/** A copy of standard input in a temporary file, for what must be read twice. */
export class SpooledInput implements Disposable {
  readonly path: string;
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
    this.path = join(directory, "standard-input");
  }

  /** Copies all of it, to the system's directory for such files (TMPDIR). */
  static async copy(input: NodeJS.ReadableStream): Promise<SpooledInput> {
    const spooled = new SpooledInput(mkdtempSync(join(tmpdir(), "glasscache-trace-")));
    try {
      await pipeline(input, createWriteStream(spooled.path, { mode: 0o600 }));
      return spooled;
    } catch (error) {
      spooled[Symbol.dispose]();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }
}
