/** Reads a password from the terminal. */

const ENTER = /[\r\n]/;
const INTERRUPT = "\x03";
const END_OF_INPUT = "\x04";
const ERASE = /[\x7f\b]/;
const ERASE_LINE = "\x15";

/** The parts of a terminal that are needed; `process.stdin` is one. */
export interface TypingTerminal {
  setRawMode(isRaw: boolean): unknown;
  resume(): unknown;
  pause(): unknown;
  on(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  on(event: "end", listener: () => void): unknown;
  off(event: "data", listener: (bytes: Uint8Array) => void): unknown;
  off(event: "end", listener: () => void): unknown;
}

/**
 * Asks for a password without showing what is typed. Backspace and Ctrl-U erase.
 * @param show writes to the terminal
 * @returns undefined if it is cancelled by Ctrl-C, by Ctrl-D, or by the end of the terminal
 */
export function askPassword(
  prompt: string,
  terminal: TypingTerminal,
  show: (text: string) => void,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const decoder = new TextDecoder();
    let typed = "";
    const finish = (password: string | undefined) => {
      terminal.off("data", onData);
      terminal.off("end", onEnd);
      terminal.setRawMode(false);
      terminal.pause();
      show("\n");
      resolve(password);
    };
    const onEnd = () => finish(undefined);
    const onData = (bytes: Uint8Array) => {
      for (const character of decoder.decode(bytes, { stream: true })) {
        if (ENTER.test(character)) return finish(typed);
        if (character === INTERRUPT || (character === END_OF_INPUT && typed === "")) return finish(undefined);
        if (ERASE.test(character)) typed = Array.from(typed).slice(0, -1).join("");
        else if (character === ERASE_LINE) typed = "";
        else if (character >= " ") typed += character;
      }
    };
    // Before the prompt: earlier typing would be shown.
    terminal.setRawMode(true);
    terminal.on("data", onData);
    terminal.on("end", onEnd);
    terminal.resume();
    show(prompt);
  });
}

/** Returns a function that asks for a password, if there is a terminal. */
export function passwordAsker(): ((prompt: string) => Promise<string | undefined>) | undefined {
  const { stdin, stderr } = process;
  if (stdin.isTTY !== true || stderr.isTTY !== true) return undefined;
  return (prompt) => askPassword(prompt, stdin, (text) => stderr.write(text));
}
