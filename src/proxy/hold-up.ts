import type { Request } from "../protocol/protocol.ts";
import type { ProxyParts } from "./context.ts";
import type { Pin } from "./pin.ts";
import { replicates } from "./replicates.ts";

/** What holds up one client's requests besides the replies to those before: CLIENT PAUSE, and an unknown origin. */
export class HoldUp {
  readonly #proxy: ProxyParts;
  /** Called when the request that was held up may be tried again. */
  readonly #resume: () => void;
  #stop: (() => void) | undefined;
  #hasAwaitedOrigin = false;
  /** CLIENT PAUSE does. */
  isPaused = false;

  constructor(proxy: ProxyParts, resume: () => void) {
    this.#proxy = proxy;
    this.#resume = resume;
  }

  get isActive(): boolean {
    return this.#stop !== undefined;
  }

  /** Whether CLIENT PAUSE holds a request up; it is to be put off then. */
  pauses(request: Request, isText: boolean, pin: Pin | undefined): boolean {
    const { pause } = this.#proxy;
    const { mode } = pause;
    if (mode === undefined) return false;
    const name = request.text(0).toLowerCase();
    if (name === "quit" || (mode === "write" && !this.#mayReplicate(name, request, isText, pin)))
      return false;
    this.isPaused = true;
    this.#stop = pause.wait(() => this.#go());
    return true;
  }

  /** Whether HELLO has to wait: for so long as the origin may take to connect, it might still say what it is. */
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

  /** The client has gone. */
  end(): void {
    this.#stop?.();
    this.#stop = undefined;
  }

  #go(): void {
    this.#stop = undefined;
    this.isPaused = false;
    this.#resume();
  }

  #mayReplicate(name: string, request: Request, isText: boolean, pin: Pin | undefined): boolean {
    if (isText) return name === "put" || name === "delete";
    if (pin?.queues === true && name === "exec") return pin.queuedReplicates;
    const { commands, routes } = this.#proxy;
    return commands.find(request) === undefined && replicates(name, request, routes.find(request));
  }
}
