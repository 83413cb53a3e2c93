import { systemClock } from "../../src/lib/clock.ts";
import { SeededRandom } from "../../src/lib/random.ts";
import type { SandboxNote, SandboxQuestion } from "./messages.ts";
import { SandboxDesk } from "./sandbox-desk.ts";

/** What the reader's code declares. It stands in the script before this one, from line 1. */
declare const Policy: unknown;

const SEED = 1;

/** The first message to a worker that runs a reader's code. */
export interface SandboxStart {
  /** How many lines the code has. */
  readonly lines: number;
}

/** Answers what the page asks over a port. */
export function startSandbox(port: MessagePort, { lines }: SandboxStart): void {
  const desk = new SandboxDesk(typeof Policy === "undefined" ? undefined : Policy, {
    clock: systemClock,
    lines,
    begin() {
      const random = new SeededRandom(SEED);
      Math.random = () => random.next();
    },
  });
  port.onmessage = ({ data }: MessageEvent<SandboxQuestion>) => {
    const answer = desk.answer(data, (at) => port.postMessage({ kind: "at", at } satisfies SandboxNote));
    port.postMessage(answer, answer.kind === "decided" ? [answer.victims.buffer] : []);
  };
  const started: SandboxNote = { kind: "started" };
  port.postMessage(started);
}
