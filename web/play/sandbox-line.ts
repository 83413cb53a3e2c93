import type { AskSandbox, Broken, SandboxAnswer } from "../sandbox/messages.ts";

type Question = Parameters<AskSandbox>[0];

/** Asks the sandbox through somebody else, by numbered messages. */
export class SandboxLine {
  readonly #send: (number: number, question: Question) => void;
  readonly #waiting = new Map<number, (answer: SandboxAnswer | Broken) => void>();
  #asked = 0;

  constructor(send: (number: number, question: Question) => void) {
    this.#send = send;
  }

  ask(question: Question): Promise<SandboxAnswer | Broken> {
    const number = ++this.#asked;
    return new Promise((resolve) => {
      this.#waiting.set(number, resolve);
      this.#send(number, question);
    });
  }

  answered(number: number, answer: SandboxAnswer | Broken): void {
    this.#waiting.get(number)?.(answer);
    this.#waiting.delete(number);
  }
}
