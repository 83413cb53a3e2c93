import type { Timer, Timers } from "../../src/lib/timers.ts";
import type { Broken, SandboxAnswer, SandboxNote, SandboxQuestion } from "../sandbox/messages.ts";
import type { Sandbox } from "./player-host.ts";

/** Code that gives no sign of life for so long is stopped. */
const SILENCE_LIMIT_MS = 2000;
/** Before that, the browser starts a worker and reads the code, which takes a second where the processor is busy. */
const START_LIMIT_MS = 5000;

/** What a sandbox is made of. */
export interface SandboxParts {
  /** The content security policy of the frame. */
  readonly policy: string;
  /** The frame's script. */
  readonly frame: string;
  /** What answers questions in the frame's worker. */
  readonly driver: string;
}

/**
 * A frame of opaque origin that reaches nothing, and in it a worker that runs a reader's code. It takes part in
 * nothing but questions and answers: code that says something unasked, or nothing for too long, is taken away.
 */
export class SandboxFrame implements Sandbox {
  readonly #frame: HTMLIFrameElement;
  readonly #channel = new MessageChannel();
  readonly #timers: Timers;
  readonly #lines: number;
  readonly #onMessage: (event: MessageEvent) => void;
  #ended: Broken | undefined;
  /** Whether the code has been read, and questions are heard. */
  #isStarted = false;
  #pending:
    | { readonly isCareful: boolean; readonly resolve: (answer: SandboxAnswer | Broken) => void }
    | undefined;
  #timer: Timer | undefined;
  /** The request that careful work has come to. */
  #at: number | undefined;

  constructor({ policy, frame, driver }: SandboxParts, code: string, timers: Timers) {
    this.#timers = timers;
    this.#lines = code.split("\n").length;
    const { port1, port2 } = this.#channel;
    const element = document.createElement("iframe");
    element.sandbox.value = "allow-scripts";
    element.hidden = true;
    element.title = "Where the written policy runs";
    element.srcdoc = `<!doctype html><meta http-equiv="Content-Security-Policy" content="${policy}"><script>${frame}</script>`;
    const begin = (): void => {
      this.#expectSign();
      element.contentWindow!.postMessage({ code, driver, lines: this.#lines }, "*", [port2]);
    };
    element.addEventListener("load", begin, { once: true });
    this.#frame = element;
    this.#onMessage = ({ source, data }) => {
      if (source === element.contentWindow && source !== null) this.#codeFailed(data);
    };
    addEventListener("message", this.#onMessage);
    port1.onmessage = ({ data }) => this.#receive(data);
    document.body.append(element);
  }

  ask(question: SandboxQuestion): Promise<SandboxAnswer | Broken> {
    const { promise, resolve } = Promise.withResolvers<SandboxAnswer | Broken>();
    if (this.#ended !== undefined) return Promise.resolve(this.#ended);
    this.#pending = { isCareful: question.kind === "decide" && question.isCareful, resolve };
    this.#at = undefined;
    if (this.#isStarted) this.#expectSign();
    this.#channel.port1.postMessage(question);
    return promise;
  }

  close(): void {
    this.#end({ text: "it was stopped", line: undefined });
  }

  #receive(said: SandboxAnswer | SandboxNote): void {
    const pending = this.#pending;
    if (said.kind === "started" && !this.#isStarted) {
      this.#isStarted = true;
      this.#expectSign();
    } else if (
      pending === undefined ||
      said.kind === "started" ||
      (said.kind === "at" && !pending.isCareful)
    ) {
      this.#end({ text: "it sends messages by itself, which a policy must not", line: undefined });
    } else if (said.kind === "at") {
      this.#at = Number(said.at);
      this.#expectSign();
    } else {
      this.#pending = undefined;
      this.#expectSign();
      pending.resolve(said);
    }
  }

  /** The code itself cannot be read, or its first run fails. */
  #codeFailed({ message, line }: { readonly message?: unknown; readonly line?: unknown }): void {
    const isWithin = typeof line === "number" && line >= 1 && line <= this.#lines;
    const text = String(message).replace(/^Uncaught /, "");
    this.#end({
      text: isWithin || !text.startsWith("SyntaxError") ? text : `${text}: something is not closed`,
      line: isWithin ? line : undefined,
    });
  }

  /** Waits for a sign of life, if one is due. */
  #expectSign(): void {
    this.#timer?.stop();
    if (this.#isStarted && this.#pending === undefined) return;
    const limitMs = this.#isStarted ? SILENCE_LIMIT_MS : START_LIMIT_MS;
    const text = `no sign of life for ${limitMs / 1000} s: a loop may not come to an end`;
    this.#timer = this.#timers.after(limitMs, () => this.#end({ text, line: undefined }, true));
  }

  #end(fault: Broken["fault"], isLate = false): void {
    if (this.#ended !== undefined) return;
    this.#ended = { kind: "broken", fault, isLate, at: this.#at };
    this.#timer?.stop();
    removeEventListener("message", this.#onMessage);
    this.#channel.port1.close();
    // Its worker ends with it.
    this.#frame.remove();
    this.#pending?.resolve(this.#ended);
    this.#pending = undefined;
  }
}
