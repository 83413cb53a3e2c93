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

/**
 * Has a resource disposed of when the demo ends. Call after every `await` that a resource comes from: the end may have
 * come in the meantime.
 * @returns false if the demo is ending; the resource is disposed of then
 */
export async function kept(
  resource: Disposable | AsyncDisposable,
  { signal, undo }: Pick<Surroundings, "signal" | "undo">,
): Promise<boolean> {
  if (!signal.aborted) {
    undo.use(resource);
    return true;
  }
  await using _ = resource;
  return false;
}
