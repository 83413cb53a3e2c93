import type { FromPlayWorker } from "../play/messages.ts";
import type { Broken, SandboxAnswer } from "../sandbox/messages.ts";
import type { PlayWorker, Sandbox } from "./player-host.ts";

const CLOSED: Broken = {
  ...{ kind: "broken", isLate: false, at: undefined },
  fault: { text: "there is no sandbox", line: undefined },
};

/** Hands a worker's questions to its sandbox, which only the page can open. */
export class SandboxDoor {
  readonly #open: (code: string) => Sandbox;
  readonly #worker: PlayWorker;
  #sandbox: Sandbox | undefined;

  constructor(open: (code: string) => Sandbox, worker: PlayWorker) {
    this.#open = open;
    this.#worker = worker;
  }

  async take({ number, question }: FromPlayWorker & { readonly kind: "ask" }): Promise<void> {
    let answer: SandboxAnswer | Broken = { kind: "ready", fault: undefined };
    if (question.kind === "load") {
      this.#sandbox?.close();
      this.#sandbox = this.#open(question.code);
    } else {
      answer = (await this.#sandbox?.ask(question)) ?? CLOSED;
    }
    this.#worker.send({ kind: "answered", number, answer });
  }
}
