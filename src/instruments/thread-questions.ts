/** What the instruments may ask the threads of their service. */
export type ThreadQuestion =
  /** Tell of this thread's clients: a `ThreadClients`. */
  | { readonly kind: "clients" }
  /** Adopt the shared settings. */
  | { readonly kind: "settings" };

/** A thread's answer: plain data. */
export type ThreadAnswer = object;

type Message =
  | { readonly id: number; readonly question: ThreadQuestion }
  | { readonly to: number; readonly answer: ThreadAnswer };

/** Returns the name of the channel to the threads of a service. */
export function threadsChannel(runId: string): string {
  return `glasscache-threads-${runId}`;
}

/** Answers the questions of the instruments, in a thread of the service. @returns a function that ends it */
export function answerInstruments(
  channelName: string,
  answer: (question: ThreadQuestion) => ThreadAnswer,
): () => void {
  const channel = new BroadcastChannel(channelName);
  channel.onmessage = ({ data }: { data: unknown }) => {
    const message = data as Message;
    if (!("question" in message)) return;
    channel.postMessage({ to: message.id, answer: answer(message.question) } satisfies Message);
  };
  // A process should not be kept alive by this.
  (channel as unknown as { unref?(): void }).unref?.();
  return () => channel.close();
}

/** How long threads may take: they answer between requests. */
const TIMEOUT_MS = 1000;

interface Waiting {
  readonly answers: ThreadAnswer[];
  resolve(): void;
}

/** Asks the threads of a service. Nobody waits long for one that is dead or stuck. */
export class ThreadQuestions {
  readonly threads: number;
  readonly #channel: BroadcastChannel;
  readonly #waiting = new Map<number, Waiting>();
  #lastId = 0;

  /** @param threads how many the service has */
  constructor(channelName: string, threads: number) {
    this.threads = threads;
    this.#channel = new BroadcastChannel(channelName);
    this.#channel.onmessage = ({ data }: { data: unknown }) => {
      const message = data as Message;
      if (!("answer" in message)) return;
      const waiting = this.#waiting.get(message.to);
      waiting?.answers.push(message.answer);
      if (waiting?.answers.length === threads) waiting.resolve();
    };
  }

  /** @returns the answers of the threads that answer in time */
  async ask(question: ThreadQuestion): Promise<readonly ThreadAnswer[]> {
    const id = ++this.#lastId;
    const answers: ThreadAnswer[] = [];
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, TIMEOUT_MS);
      this.#waiting.set(id, {
        answers,
        resolve() {
          clearTimeout(timer);
          resolve();
        },
      });
      this.#channel.postMessage({ id, question } satisfies Message);
    });
    this.#waiting.delete(id);
    return answers;
  }

  close(): void {
    this.#channel.close();
    for (const { resolve } of this.#waiting.values()) resolve();
  }
}
