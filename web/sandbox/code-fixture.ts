import type { Clock } from "../../src/lib/clock.ts";
import type { AskSandbox, SandboxAnswer } from "./messages.ts";
import { SandboxDesk } from "./sandbox-desk.ts";

/** What a script would leave under the name `Policy`. */
function policyIn(code: string): unknown {
  return new Function(
    `"use strict"; ${code}\n; return typeof Policy === "undefined" ? undefined : Policy;`,
  )();
}

/** A sandbox without a frame: for code of tests. */
export class OpenSandbox {
  readonly #clock: Clock;
  /** The kinds of questions, in order. */
  readonly asked: string[] = [];
  #desk: SandboxDesk | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  readonly ask: AskSandbox = async (question) => {
    this.asked.push(question.kind);
    if (question.kind !== "load") return this.#desk!.answer(question, () => {});
    try {
      const lines = question.code.split("\n").length;
      this.#desk = new SandboxDesk(policyIn(question.code), { clock: this.#clock, lines, begin() {} });
      return { kind: "ready", fault: undefined } satisfies SandboxAnswer;
    } catch (error) {
      const fault = { text: String(error), line: undefined };
      return { kind: "broken", fault, isLate: false, at: undefined };
    }
  };
}
