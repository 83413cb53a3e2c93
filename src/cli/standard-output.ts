import { fstatSync } from "node:fs";
import { EXIT_DONE, EXIT_FAILED } from "./exit.ts";

/**
 * Standard output as a stream. When nothing reads it any more (`… | head -1`), there is nothing left to do and
 * nothing to report: the program ends as after a signal.
 */
export function standardOutput(): NodeJS.WriteStream {
  const { stdout } = process;
  if (stdout.listenerCount("error") === 0) {
    stdout.once("error", (error) => {
      stdout.on("error", () => {});
      endUnwritten(error);
    });
  }
  return stdout;
}

/**
 * Standard output of a command that prints its results and ends. The stream `process.stdout` takes longer to load
 * than a small trace takes to replay.
 */
export class PlainOutput {
  readonly #sink = Bun.stdout.writer();

  /** Writes, and waits until the data has been taken. If it cannot be, ends the program as `standardOutput` does. */
  async write(data: string | Uint8Array): Promise<void> {
    try {
      await this.#sink.write(data);
      await this.#sink.flush();
    } catch (error) {
      endUnwritten(error as Error);
    }
  }
}

function endUnwritten(error: NodeJS.ErrnoException): void {
  if (error.code !== "EPIPE") {
    process.stderr.write(`glasscache: cannot write to standard output: ${error.message}\n`);
    process.exit(EXIT_FAILED);
  }
  if (!process.emit("SIGTERM")) process.exit(EXIT_DONE);
}

/** Returns standard output or standard error if it is a terminal; checks that without loading a stream. */
export function terminal(descriptor: 1 | 2): NodeJS.WriteStream | undefined {
  if (!fstatSync(descriptor).isCharacterDevice()) return undefined;
  const stream = descriptor === 1 ? standardOutput() : process.stderr;
  return stream.isTTY ? stream : undefined;
}
