/** First lines of redis-cli: its warning about a password on the command line, and the error reply to AUTH. */
const REDIS_CLI = /^(?:Warning: Using a password with |AUTH failed: )/;

/** Whether a first line is a message of the program that wrote the trace, not a part of the trace. */
export function isPreamble(line: string): boolean {
  return REDIS_CLI.test(line);
}
