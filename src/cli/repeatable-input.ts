import { closeSync, createReadStream, mkdtempSync, openSync, rmSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RecordSource } from "../sim/records.ts";
import { openSource, type SourceOptions } from "../sim/source.ts";

/**
 * Standard input as a source that can be read again: what the first reading takes from it goes into a temporary file
 * as well (in the system's directory for such files, TMPDIR), out of which the later ones read.
 */
export class RepeatableInput implements Disposable {
  readonly #input: AsyncIterable<Uint8Array>;
  readonly #directory: string;
  readonly #path: string;

  constructor(input: AsyncIterable<Uint8Array>) {
    this.#input = input;
    this.#directory = mkdtempSync(join(tmpdir(), "glasscache-input-"));
    this.#path = join(this.#directory, "copy");
  }

  /** To be called once. @throws as `openSource` does */
  async open(options: SourceOptions): Promise<RecordSource> {
    const original = await openSource("-", { ...options, standardInput: this.#copied() });
    let next: RecordSource | undefined = original;
    return {
      name: original.name,
      hasSizes: original.hasSizes,
      isRepeatable: true,
      extent: original.extent,
      read: async (consume, progress) => {
        const source = next ?? (await this.#again(options));
        next = undefined;
        await source.read(consume, progress);
      },
    };
  }

  [Symbol.dispose](): void {
    rmSync(this.#directory, { recursive: true, force: true });
  }

  #again(options: SourceOptions): Promise<RecordSource> {
    return openSource("-", { ...options, standardInput: createReadStream(this.#path) });
  }

  async *#copied(): AsyncGenerator<Uint8Array> {
    const file = openSync(this.#path, "wx", 0o600);
    try {
      for await (const bytes of this.#input) {
        for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done);
        yield bytes;
      }
    } finally {
      closeSync(file);
    }
  }
}
