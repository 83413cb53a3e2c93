/** What redis-cli prints before anything else where a password was given, and its answer to AUTH. */
const REDIS_CLI = /^(?:Warning: Using a password with |AUTH failed: )/;

/** Whether a line before all others is a message of the program that wrote the trace, and none of its lines. */
export function isPreamble(line: string): boolean {
  return REDIS_CLI.test(line);
}
