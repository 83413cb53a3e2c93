/**
 * Messages that get into a trace with standard error: of redis-cli (a password on the command line, the error reply
 * to AUTH), mysql, kubectl, docker and ssh.
 */
const MESSAGE =
  /^(?:Warning: Using a password with |AUTH failed: |mysql: \[Warning\] |Defaulted container "|Unable to use a TTY |the input device is not a TTY|Warning: Permanently added ')/;
/** Colors of a terminal. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: that is what they begin with
const COLORS = /\x1b\[[0-9;]*m/g;

/** Whether a first line is a message of the program that wrote the trace, not a part of the trace. */
export function isPreamble(line: string): boolean {
  return MESSAGE.test(line);
}

/** Removes the colors that programs such as Docker Compose give to the names of containers. */
export function withoutColors(line: string): string {
  return line.replace(COLORS, "");
}
