import type { Request } from "../protocol/protocol.ts";
import type { ProxyParts } from "./context.ts";
import type { DedicatedConnection } from "./dedicated-connection.ts";
import { calledFunction, replicates } from "./replicates.ts";

/**
 * Why one client's next request must wait, besides the replies to earlier ones: CLIENT PAUSE, or an unknown origin.
 */
export class RequestDelay {
  readonly #proxy: ProxyParts;
  /** Called when the waiting request may be tried again. */
  readonly #resume: () => void;
  #stop: (() => void) | undefined;
  #hasAwaitedOrigin = false;
  /** Whether the origin has said that the functions that the request calls write nothing. */
  #isFoundHarmless = false;
  /** Whether the wait is due to CLIENT PAUSE. */
  isPaused = false;

  constructor(proxy: ProxyParts, resume: () => void) {
    this.#proxy = proxy;
    this.#resume = resume;
  }

  get isActive(): boolean {
    return this.#stop !== undefined;
  }

  /** Whether CLIENT PAUSE makes a request wait; the caller then postpones it. */
  pauses(request: Request, isText: boolean, dedicated: DedicatedConnection | undefined): boolean {
    const { pause } = this.#proxy;
    const { mode } = pause;
    if (mode === undefined) return false;
    const name = request.text(0).toLowerCase();
    const isHarmless = this.#isFoundHarmless;
    this.#isFoundHarmless = false;
    if (name === "quit") return false;
    const mayReplicate =
      mode === "all" || (!isHarmless && this.#mayReplicate(name, request, isText, dedicated));
    if (mayReplicate === false) return false;
    if (mayReplicate === true) this.#await();
    else this.#askAbout(mayReplicate);
    return true;
  }

  #await(): void {
    this.isPaused = true;
    this.#stop = this.#proxy.pause.wait(() => this.#go());
  }

  /** Asks the origin which functions write. */
  #askAbout(functions: readonly string[]): void {
    let isOver = false;
    this.#stop = () => {
      isOver = true;
    };
    this.#proxy.scripts.withFunctions((readOnly) => {
      if (isOver) return;
      this.#isFoundHarmless = functions.every((name) => readOnly.has(name));
      if (this.#isFoundHarmless || this.#proxy.pause.mode === undefined) this.#go();
      else this.#await();
    });
  }

  /**
   * Whether HELLO must wait. For as long as connecting to the origin may take, the origin may still say what it is.
   */
  awaitsOrigin(): boolean {
    const { facts, settings } = this.#proxy;
    if (facts.isKnown || this.#hasAwaitedOrigin) return false;
    this.#hasAwaitedOrigin = true;
    let isOver = false;
    this.#stop = () => {
      isOver = true;
    };
    facts.whenKnown(settings.originConnectTimeoutMs, () => {
      if (!isOver) this.#go();
    });
    return true;
  }

  /** Ends the wait because the client has gone. */
  end(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #go(): void {
    this.#stop = undefined;
    this.isPaused = false;
    this.#resume();
  }

  /** @returns whether a replica might be told of the request, or the functions that decide this */
  #mayReplicate(
    name: string,
    request: Request,
    isText: boolean,
    dedicated: DedicatedConnection | undefined,
  ): boolean | readonly string[] {
    if (isText) return name === "put" || name === "delete";
    if (dedicated?.queues === true && name === "exec") {
      return (
        dedicated.queuedReplicates || (dedicated.queuedFunctions.length > 0 && dedicated.queuedFunctions)
      );
    }
    const called = calledFunction(name, request);
    if (called !== undefined) return [called];
    const { commands, scripts } = this.#proxy;
    return commands.find(request) === undefined && replicates(name, request, scripts);
  }
}
