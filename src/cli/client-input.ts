import { ByteBuffer } from "../lib/byte-buffer.ts";
import { formatSize } from "../lib/quantity.ts";
import { textOf, type Word } from "./client-request.ts";
import { FailedError, UsageError } from "./exit.ts";

/** The largest value that any server can be configured to accept. */
export const STDIN_LIMIT_BYTES = 1024 ** 3;

/** Standard input, as far as a command may need it. */
export interface StandardInput {
  readonly isTerminal: boolean;
  readonly stream: AsyncIterable<Uint8Array>;
}

/**
 * Returns the words of a command. The last one is read from standard input if the user wants that, or if PUT lacks a
 * value: `PUT key < file`. It is taken byte for byte, including a line feed at its end.
 * @param isAsked whether `--stdin` was given
 * @throws UsageError, FailedError
 */
export async function wordsWithInput(
  words: readonly Word[],
  isAsked: boolean,
  input: StandardInput,
  limitBytes: number = STDIN_LIMIT_BYTES,
): Promise<readonly Word[]> {
  if (isAsked && words.length === 0) {
    throw new UsageError("--stdin: standard input is the last word of a command, which is missing");
  }
  if (!isAsked && (input.isTerminal || !lacksValue(words))) return words;
  const value = await readWhole(input.stream, limitBytes);
  // Without `--stdin`, an empty input is not a value.
  if (!isAsked && value.length === 0) return words;
  return [...words, value];
}

/** Whether the command is just `PUT key`. */
function lacksValue([verb = "", key, ...more]: readonly Word[]): boolean {
  return key !== undefined && more.length === 0 && /^put$/i.test(textOf(verb)) && !textOf(key).includes("=");
}

async function readWhole(stream: AsyncIterable<Uint8Array>, limitBytes: number): Promise<Uint8Array> {
  const whole = new ByteBuffer();
  for await (const chunk of stream) {
    if (whole.length + chunk.length > limitBytes) {
      throw new FailedError(
        `standard input is larger than ${formatSize(limitBytes)}, the most a value can have`,
      );
    }
    whole.append(chunk);
  }
  return whole.view();
}
