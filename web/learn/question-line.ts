import type { FromPlayWorker, ToPlayWorker } from "../play/messages.ts";

/** What is asked about positions, each with one answer. */
export type Question = Extract<ToPlayWorker, { readonly kind: "open" | "seek" | "run" }>;
export type Answer = Exclude<
  FromPlayWorker,
  { readonly kind: "why" | "points" | "reading" | "ask" | "deciding" }
>;

/** Asks a worker one question at a time. Of those that come meanwhile the last one counts. */
export class QuestionLine {
  readonly #send: (question: Question) => void;
  #asked: Question | undefined;
  #next: Question | undefined;

  constructor(send: (question: Question) => void) {
    this.#send = send;
  }

  /** The question whose answer is awaited. */
  get asked(): Question | undefined {
    return this.#asked;
  }

  /** The position that was asked for last, if its answer is awaited. */
  get target(): number | undefined {
    const last = this.#next ?? this.#asked;
    return last?.kind === "seek" ? last.at : last?.kind === "open" ? last.settings.at : undefined;
  }

  ask(question: Question): void {
    const next = this.#next;
    if (this.#asked === undefined) {
      this.#asked = question;
      this.#send(question);
    } else if (next?.kind !== "open" || question.kind === "open") {
      this.#next = question;
    } else if (question.kind === "seek") {
      // Settings must be opened before anything is asked about them.
      this.#next = { ...next, settings: { ...next.settings, at: question.at } };
    }
  }

  /** Notes that the answer has come, and asks the next question. @returns the one that was answered */
  answered(): Question | undefined {
    const asked = this.#asked;
    const next = this.#next;
    this.#asked = undefined;
    this.#next = undefined;
    if (next !== undefined) this.ask(next);
    return asked;
  }
}
