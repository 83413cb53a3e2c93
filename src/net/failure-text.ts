import { BufferLimitError } from "../lib/byte-buffer.ts";

/** The error message, without its code word, for a request that failed. */
export function failureText(error: unknown, replyBytes: number): string {
  if (error instanceof BufferLimitError) {
    return `reply too large: more than ${replyBytes} bytes (see --max-pending-replies)`;
  }
  return error instanceof Error ? error.message : String(error);
}
