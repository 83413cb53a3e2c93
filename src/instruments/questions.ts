import type {
  BiographyReport,
  FamiliesReport,
  HotBy,
  HotKeysReport,
  WatchReport,
  WhatIfReport,
} from "./view.ts";

/** What another thread may ask the instruments. */
export type Question =
  | { readonly kind: "what-if" }
  | { readonly kind: "reset-what-if" }
  | { readonly kind: "hot-keys"; readonly by: HotBy; readonly count: number }
  | { readonly kind: "families"; readonly count: number }
  | { readonly kind: "biography"; readonly key: Uint8Array }
  | { readonly kind: "mark"; readonly text: string }
  | { readonly kind: "watched" }
  | { readonly kind: "watch"; readonly pattern: string }
  | { readonly kind: "unwatch"; readonly pattern: string };

/** The part of the instruments that answers. */
export interface Answering {
  whatIf(): WhatIfReport | undefined;
  resetWhatIf(): void;
  hotKeys(by: HotBy, count: number): HotKeysReport;
  families(count: number): FamiliesReport;
  biography(key: Uint8Array): BiographyReport;
  mark(text: string): void;
  watched(): WatchReport;
  watch(pattern: string): void;
  unwatch(pattern: string): void;
}

export type Answer = { readonly report: unknown } | { readonly error: string };

type Message =
  | { readonly from: string; readonly id: number; readonly question: Question }
  | { readonly to: string; readonly id: number; readonly answer: Answer };

/** Returns the name of the channel to the instruments of a service. */
export function instrumentsChannel(runId: string): string {
  return `glasscache-instruments-${runId}`;
}

/** How long to wait for an answer: the instruments may be behind, or being started again. */
const TIMEOUT_MS = 3000;

/** Answers the questions of other threads. @returns a function that ends it */
export function answerQuestions(channelName: string, instruments: Answering): () => void {
  const channel = new BroadcastChannel(channelName);
  channel.onmessage = ({ data }: { data: unknown }) => {
    const message = data as Message;
    if (!("question" in message)) return;
    const { from: to, id, question } = message;
    channel.postMessage({ to, id, answer: answerTo(question, instruments) } satisfies Message);
  };
  return () => channel.close();
}

function answerTo(question: Question, instruments: Answering): Answer {
  try {
    return { report: reportFor(question, instruments) };
  } catch (error) {
    // A RangeError says what is wrong with the question. Anything else is a fault, which must not end the thread.
    return { error: error instanceof Error ? error.message : String(error) };
  }
}

function reportFor(question: Question, instruments: Answering): unknown {
  switch (question.kind) {
    case "what-if":
      return instruments.whatIf();
    case "reset-what-if":
      return instruments.resetWhatIf();
    case "hot-keys":
      return instruments.hotKeys(question.by, question.count);
    case "families":
      return instruments.families(question.count);
    case "biography":
      return instruments.biography(question.key);
    case "mark":
      return instruments.mark(question.text);
    case "watched":
      return instruments.watched();
    case "watch":
      return instruments.watch(question.pattern);
    case "unwatch":
      return instruments.unwatch(question.pattern);
  }
}

/** Asks the instruments, from another thread. */
export class InstrumentsClient {
  readonly #channel: BroadcastChannel;
  readonly #name: string;
  readonly #waiting = new Map<number, (answer: Answer) => void>();
  #lastId = 0;

  /** @param name of this thread, which no other one has */
  constructor(channelName: string, name: string) {
    this.#name = name;
    this.#channel = new BroadcastChannel(channelName);
    this.#channel.onmessage = ({ data }: { data: unknown }) => {
      const message = data as Message;
      if ("answer" in message && message.to === name) this.#settle(message.id, message.answer);
    };
    // Nobody should be kept waiting for the end of a process by this.
    (this.#channel as unknown as { unref?(): void }).unref?.();
  }

  /** @param then is called once, with an error if no answer comes in time */
  ask(question: Question, then: (answer: Answer) => void): void {
    const id = ++this.#lastId;
    const timer = setTimeout(() => {
      this.#settle(id, { error: "the instruments gave no answer: they may be starting; try again" });
    }, TIMEOUT_MS);
    timer.unref?.();
    this.#waiting.set(id, (answer) => {
      clearTimeout(timer);
      then(answer);
    });
    this.#channel.postMessage({ from: this.#name, id, question } satisfies Message);
  }

  close(): void {
    this.#channel.close();
    for (const id of [...this.#waiting.keys()]) this.#settle(id, { error: "the service is ending" });
  }

  #settle(id: number, answer: Answer): void {
    const settle = this.#waiting.get(id);
    this.#waiting.delete(id);
    settle?.(answer);
  }
}
