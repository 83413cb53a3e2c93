import type { Clock } from "../lib/clock.ts";
import type { AdminLimits } from "./limits.ts";

interface Count {
  /** Wrong passwords, less those that time has forgiven. */
  wrong: number;
  atMs: number;
}

/**
 * Slows down guessing of passwords: an address may be wrong some times, then once in a while (a token bucket).
 * A program with a wrong password that asks rarely does not lock out others on its machine.
 */
export class GuessLimit {
  readonly #limits: Pick<AdminLimits, "guesses" | "guessPauseMs" | "guessingAddresses">;
  readonly #clock: Clock;
  readonly #counts = new Map<string, Count>();
  /** Of all addresses for which there was no room. */
  readonly #others: Count = { wrong: 0, atMs: 0 };

  constructor(limits: Pick<AdminLimits, "guesses" | "guessPauseMs" | "guessingAddresses">, clock: Clock) {
    this.#limits = limits;
    this.#clock = clock;
  }

  /** Addresses that are counted one by one. */
  get size(): number {
    return this.#counts.size;
  }

  /** How long an address must wait before its next password is looked at; 0: it need not. */
  waitMs(address: string): number {
    const count = this.#find(networkOf(address));
    if (count === undefined) return 0;
    this.#forgive(count);
    return Math.max(0, (count.wrong - this.#limits.guesses + 1) * this.#limits.guessPauseMs);
  }

  /** Counts a wrong password. */
  wrong(address: string): void {
    const network = networkOf(address);
    let count = this.#find(network);
    if (count === undefined) {
      count = { wrong: 0, atMs: this.#clock.monotonicMs() };
      this.#counts.set(network, count);
    }
    this.#forgive(count);
    count.wrong++;
  }

  /** Returns the count of a network; undefined: it has none, and there is room for one. */
  #find(network: string): Count | undefined {
    const own = this.#counts.get(network);
    if (own !== undefined) return own;
    if (this.#counts.size < this.#limits.guessingAddresses) return undefined;
    this.#dropForgiven();
    return this.#counts.size < this.#limits.guessingAddresses ? undefined : this.#others;
  }

  #dropForgiven(): void {
    for (const [network, count] of this.#counts) {
      this.#forgive(count);
      if (count.wrong === 0) this.#counts.delete(network);
    }
  }

  #forgive(count: Count): void {
    const nowMs = this.#clock.monotonicMs();
    count.wrong = Math.max(0, count.wrong - (nowMs - count.atMs) / this.#limits.guessPauseMs);
    count.atMs = nowMs;
  }
}

/** One client may have a whole /64 of IPv6. An IPv4 address, mapped ones included, stands for itself. */
function networkOf(address: string): string {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return mapped;
  if (!address.includes(":")) return address;
  const [head = "", tail = ""] = address.split("::");
  const first = head.split(":").filter((group) => group !== "");
  if (first.length < 4 && address.includes("::")) {
    const last = tail.split(":").filter((group) => group !== "");
    const zeros = Array<string>(Math.max(0, 8 - first.length - last.length)).fill("0");
    first.push(...zeros, ...last);
  }
  return `${first.slice(0, 4).join(":")}::/64`;
}
