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
  readonly #sessions = new Map<string, { readonly user: string; readonly expiresAtMs: number }>();
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
    return this.#sessions.size;
  }

  /** Returns the token of a new session of a user. Ends the session opened longest ago if there are too many. */
  open(user: string): string {
    const [oldest] = this.#sessions.keys();
    if (oldest !== undefined && this.#sessions.size >= this.#limit) this.#sessions.delete(oldest);
    const token = Buffer.from(this.#secretBytes(TOKEN_BYTES)).toString("hex");
    this.#sessions.set(hash(token), { user, expiresAtMs: this.#clock.monotonicMs() + this.#durationMs });
    return token;
  }

  /** The user of a session; undefined: there is no such session, or it has expired. */
  userOf(token: string): string | undefined {
    const name = hash(token);
    const session = this.#sessions.get(name);
    if (session === undefined) return undefined;
    if (this.#clock.monotonicMs() < session.expiresAtMs) return session.user;
    this.#sessions.delete(name);
    return undefined;
  }

  end(token: string): void {
    this.#sessions.delete(hash(token));
  }
}

function hash(token: string): string {
  return createHash("sha256").update(token).digest("base64");
}
