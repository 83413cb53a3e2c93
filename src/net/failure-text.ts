import { BufferLimitError } from "../lib/byte-buffer.ts";

/** What a client is told, behind the code word, when its request could not be carried out. */
export function failureText(error: unknown, replyBytes: number): string {
  if (error instanceof BufferLimitError) {
    return `reply too large: more than ${replyBytes} bytes (see --max-pending-replies)`;
  }
  return error instanceof Error ? error.message : String(error);
}
