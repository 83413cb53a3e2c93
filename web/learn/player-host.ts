import type { Clock } from "../../src/lib/clock.ts";
import type { FromPlayWorker, ToPlayWorker } from "../play/messages.ts";
import type { Broken, SandboxAnswer, SandboxQuestion } from "../sandbox/messages.ts";

/** A worker that runs web/play/worker.ts. */
export interface PlayWorker {
  send(message: ToPlayWorker): void;
  onMessage(receive: (message: FromPlayWorker) => void): void;
}

/** Runs the code of a policy that is written in the page. */
export interface Sandbox {
  ask(question: SandboxQuestion): Promise<SandboxAnswer | Broken>;
  close(): void;
}

/** What the player needs of its browser. */
export interface PlayerHost {
  openWorker(): PlayWorker;
  openSandbox(code: string): Sandbox;
  readonly clock: Clock;
  /** Calls back before the next frame is drawn. */
  nextFrame(draw: () => void): void;
  /** Shows the settings in the address. */
  showHash(hash: string): void;
  /** Fetches a trace that comes along with the page. @throws Error that says what the reader can do */
  loadTrace(name: string): Promise<Blob>;
}
