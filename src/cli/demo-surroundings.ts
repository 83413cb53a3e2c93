import type { DemoOutput } from "./demo-output.ts";

/** The settings of the demo. */
export interface DemoValues {
  readonly serverPort: number;
  readonly proxyPort: number;
  /** undefined: the proxy's default, and a demo without a dashboard if it is taken. */
  readonly adminPort: number | undefined;
  readonly memory: number;
  readonly seconds: number;
  readonly originDelay: number;
  /** Reads a second during the tour; 0: as many as there can be. */
  readonly rate: number;
  /** Reads a second after the tour; 0: none. */
  readonly rateAfter: number;
}

/** What a part of the tour needs of the whole. */
export interface Surroundings {
  readonly output: DemoOutput;
  readonly signal: AbortSignal;
  readonly aborted: Promise<void>;
  readonly undo: AsyncDisposableStack;
}
