import { createHash } from "node:crypto";
import type { Clock } from "../lib/clock.ts";

const TOKEN_BYTES = 16;

/** Fills bytes that nobody can guess, as `randomBytes` of `node:crypto` does. */
export type SecretBytes = (bytes: number) => Uint8Array;

/**
 * Sessions of browsers that have logged in. Only the hash of a token is kept, so the time that a look-up takes tells
 * nothing about tokens.
 */
export class Sessions {
  readonly #expiresAtMs = new Map<string, number>();
  readonly #limit: number;
  readonly #durationMs: number;
  readonly #clock: Clock;
  readonly #secretBytes: SecretBytes;

  constructor(limit: number, durationMs: number, clock: Clock, secretBytes: SecretBytes) {
    this.#limit = limit;
    this.#durationMs = durationMs;
    this.#clock = clock;
    this.#secretBytes = secretBytes;
  }

  /** Sessions that have not been ended; some of them may have expired. */
  get size(): number {
    return this.#expiresAtMs.size;
  }

  /** Returns the token of a new session. Ends the session opened longest ago if there are too many. */
  open(): string {
    const [oldest] = this.#expiresAtMs.keys();
    if (oldest !== undefined && this.#expiresAtMs.size >= this.#limit) this.#expiresAtMs.delete(oldest);
    const token = Buffer.from(this.#secretBytes(TOKEN_BYTES)).toString("hex");
    this.#expiresAtMs.set(hash(token), this.#clock.monotonicMs() + this.#durationMs);
    return token;
  }

  has(token: string): boolean {
    const name = hash(token);
    const expiresAtMs = this.#expiresAtMs.get(name);
    if (expiresAtMs === undefined) return false;
    if (this.#clock.monotonicMs() < expiresAtMs) return true;
    this.#expiresAtMs.delete(name);
    return false;
  }

  end(token: string): void {
    this.#expiresAtMs.delete(hash(token));
  }
}

function hash(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
