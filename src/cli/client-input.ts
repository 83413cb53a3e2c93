import { ByteBuffer } from "../lib/byte-buffer.ts";
import { formatSize } from "../lib/quantity.ts";
import { textOf, type Word } from "./client-request.ts";
import { FailedError, UsageError } from "./exit.ts";

/** No server can be told to take a larger value. */
export const STDIN_LIMIT_BYTES = 1024 ** 3;

/** What a command line leaves to standard input. */
export interface StandardInput {
  readonly isTerminal: boolean;
  readonly stream: AsyncIterable<Uint8Array>;
}

/**
 * The words of a command, the last of them read from standard input where that is asked for, or where it is what PUT
 * lacks: `PUT key < file`. It is taken byte for byte, a line feed at its end included.
 * @param isAsked `--stdin`
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
  // Where nobody has said that there is a value, an empty input is no value.
  if (!isAsked && value.length === 0) return words;
  return [...words, value];
}

/** `PUT key` alone. */
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
