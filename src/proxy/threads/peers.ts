import type { ThreadTable } from "./thread-table.ts";

/** The requests that one thread may make of others. */
export type Question =
  /** Receive every invalidation that the origin has caused so far. */
  | { readonly kind: "fence" }
  /** Say when the flight for this key has landed; see `PeerFlight`. */
  | { readonly kind: "landing"; readonly key: Uint8Array }
  /** Adopt the shared settings. */
  | { readonly kind: "settings" }
  /** Say the origin's id of one of the thread's clients. */
  | { readonly kind: "origin-id"; readonly client: number }
  /** Remember a script that declares that it writes nothing. */
  | { readonly kind: "read-only-script"; readonly digest: string }
  /** Show a line to the thread's monitoring clients. */
  | { readonly kind: "monitored"; readonly line: Uint8Array }
  /** Adopt the shared users. */
  | { readonly kind: "users" }
  /** Tell the newest refusals (ACL LOG), as `encodeEntries`. */
  | { readonly kind: "refusals"; readonly count: number }
  | { readonly kind: "forget-refusals" }
  /** Count the thread's clients, as INFO does. */
  | { readonly kind: "clients" }
  /** Run a command about the thread's own clients or counters, and answer with the reply in RESP2. */
  | { readonly kind: "command"; readonly args: readonly string[] };

/** A thread's answer to a command, about its clients, its refusals or a landing; otherwise empty. */
export type Answer = Uint8Array;

/** Answers another thread by calling `then` once, now or later. */
export type AnswerQuestion = (question: Question, then: (answer: Answer) => void) => void;

type Message =
  | {
      readonly type: "question";
      readonly from: number;
      /** The thread that is asked; absent if all are. */
      readonly to?: number;
      readonly id: number;
      readonly question: Question;
    }
  | {
      readonly type: "answer";
      readonly to: number;
      readonly from: number;
      readonly id: number;
      readonly answer: Answer;
    }
  | { readonly type: "gone"; readonly index: number };

interface Waiting {
  readonly missing: Set<number>;
  readonly answers: Answer[];
  resolve(answers: Answer[]): void;
}

/** Lets the threads of one proxy ask each other. Nobody waits for a dead thread. */
export class Peers {
  readonly #channel: BroadcastChannel;
  readonly #index: number;
  readonly #table: ThreadTable;
  readonly #waiting = new Map<number, Waiting>();
  #nextId = 0;

  /** @param answer how this thread answers the others */
  constructor(channelName: string, index: number, table: ThreadTable, answer: AnswerQuestion) {
    this.#channel = new BroadcastChannel(channelName);
    this.#index = index;
    this.#table = table;
    this.#channel.onmessage = ({ data }: { data: Message }) => {
      if (data.type === "question") {
        const { from, to, id } = data;
        if (to !== undefined && to !== index) return;
        answer(data.question, (reply) =>
          this.#send({ type: "answer", to: from, from: index, id, answer: reply }),
        );
      } else if (data.type === "answer") {
        if (data.to === index) this.#answered(data.id, data.from, data.answer);
      } else {
        for (const id of [...this.#waiting.keys()]) this.#answered(id, data.index, undefined);
      }
    };
  }

  /** Tells all threads, from outside of them, that one has died. */
  static announceDeath(channelName: string, index: number): void {
    const channel = new BroadcastChannel(channelName);
    channel.postMessage({ type: "gone", index } satisfies Message);
    channel.close();
  }

  /** Asks all other threads. @returns the answers of those that stay alive */
  ask(question: Question): Promise<Answer[]> {
    const missing = new Set<number>();
    for (let index = 0; index < this.#table.count; index++) {
      if (index !== this.#index && this.#table.isAlive(index)) missing.add(index);
    }
    if (missing.size === 0) return Promise.resolve([]);
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, { missing, answers: [], resolve });
      this.#send({ type: "question", from: this.#index, id, question });
      // A thread may have died, and been announced, between the look at the table and the question.
      for (const index of [...missing]) if (!this.#table.isAlive(index)) this.#answered(id, index, undefined);
    });
  }

  /** Asks one other thread. @returns its answer; undefined if it is dead, dies, or takes longer than `timeoutMs` */
  askOne(to: number, question: Question, timeoutMs: number): Promise<Answer | undefined> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#answered(id, to, undefined), timeoutMs);
      this.#waiting.set(id, {
        missing: new Set([to]),
        answers: [],
        resolve: ([answer]) => {
          clearTimeout(timer);
          resolve(answer);
        },
      });
      this.#send({ type: "question", from: this.#index, to, id, question });
      if (!this.#table.isAlive(to)) this.#answered(id, to, undefined);
    });
  }

  close(): void {
    this.#channel.close();
    for (const { answers, resolve } of this.#waiting.values()) resolve(answers);
    this.#waiting.clear();
  }

  #answered(id: number, from: number, answer: Answer | undefined): void {
    const waiting = this.#waiting.get(id);
    if (waiting === undefined || !waiting.missing.delete(from)) return;
    if (answer !== undefined) waiting.answers.push(answer);
    if (waiting.missing.size > 0) return;
    this.#waiting.delete(id);
    waiting.resolve(waiting.answers);
  }

  #send(message: Message): void {
    this.#channel.postMessage(message);
  }
}
