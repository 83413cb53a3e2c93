import { fstatSync } from "node:fs";
import { EXIT_DONE, EXIT_FAILED } from "./exit.ts";

/**
 * Standard output as a stream. When nobody reads it any more (`… | head -1`) there is nothing left to do, and nothing
 * to complain of: the program ends as if told to by a signal.
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
 * Standard output of a command that prints what came of its work and ends. The stream of the same name takes longer to
 * load than a small trace takes to replay.
 */
export class PlainOutput {
  readonly #sink = Bun.stdout.writer();

  /** Waits until it has been taken. Ends the program when it cannot be, as `standardOutput` does. */
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

/** Standard output or standard error, unless it is a file or a pipe, which is found out without loading a stream. */
export function terminal(descriptor: 1 | 2): NodeJS.WriteStream | undefined {
  if (!fstatSync(descriptor).isCharacterDevice()) return undefined;
  const stream = descriptor === 1 ? standardOutput() : process.stderr;
  return stream.isTTY ? stream : undefined;
}
