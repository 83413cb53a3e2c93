import { REDIS_VERSION } from "../commands/redis-version.ts";
import type { Greeting } from "../upstream/server-version.ts";

/** What the origin has last said about itself, for HELLO and INFO. It is kept while the origin cannot be reached. */
export class OriginFacts {
  #greeting: Greeting | undefined;
  #waiting: (() => void)[] = [];

  /** Whether the origin was ever reached. */
  get isKnown(): boolean {
    return this.#greeting !== undefined;
  }

  get server(): string {
    return this.#greeting?.server || "redis";
  }

  get version(): string {
    return this.#greeting?.version || REDIS_VERSION;
  }

  get mode(): string {
    return this.#greeting?.mode || "standalone";
  }

  get role(): string {
    return this.#greeting?.role || "master";
  }

  learn(greeting: Greeting): void {
    this.#greeting = greeting;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const then of waiting) then();
  }

  /** Calls `then` once the origin has been reached, or after `timeoutMs`. */
  whenKnown(timeoutMs: number, then: () => void): void {
    if (this.isKnown) {
      then();
      return;
    }
    const known = (): void => {
      clearTimeout(timer);
      then();
    };
    const timer = setTimeout(() => {
      this.#waiting = this.#waiting.filter((other) => other !== known);
      then();
    }, timeoutMs);
    this.#waiting.push(known);
  }
}
