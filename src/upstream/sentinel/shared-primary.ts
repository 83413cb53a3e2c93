import { SharedText } from "../../lib/shared-text.ts";

/** A host's name has 253 characters at most. */
const MOST_BYTES = 512;

/** A primary as the sentinels name it. */
export interface NamedPrimary {
  /** A name or an address. */
  readonly host: string;
  readonly port: number;
  /** Grows with every change of hands; 0: unknown. Of two configurations the sentinels end up with the greater one. */
  readonly configEpoch: number;
}

/** What counts is where the primary is reached. */
export function isSamePlace(one: NamedPrimary, other: NamedPrimary | undefined): boolean {
  return one.host === other?.host && one.port === other.port;
}

/**
 * The primary, in memory that all threads of a proxy share. What one thread learns, all others act on from the next
 * request on: none goes on asking a primary that was replaced, after another thread has had a write acknowledged by
 * the one that replaced it.
 */
export class SharedPrimary {
  readonly #text: SharedText;

  /** @param memory from `createMemory` */
  constructor(memory: SharedArrayBuffer) {
    this.#text = new SharedText(memory);
  }

  static createMemory(): SharedArrayBuffer {
    return new SharedArrayBuffer(SharedText.bytes(MOST_BYTES));
  }

  /** Changes with each change of hands that any thread has noted; 0: no primary is known yet. */
  get version(): number {
    return this.#text.version;
  }

  read(): { readonly version: number; readonly primary: NamedPrimary | undefined } {
    const { version, text } = this.#text.read();
    return { version, primary: text === "" ? undefined : (JSON.parse(text) as NamedPrimary) };
  }

  /**
   * Notes a change of hands.
   * @param since the version that the caller knew when it began to ask
   * @returns false if another thread has noted one since then: the caller's may be older
   */
  replace(primary: NamedPrimary, since: number): boolean {
    return this.#text.locked(() => {
      if (this.#text.version !== since) return false;
      this.#text.write(JSON.stringify(primary));
      return true;
    });
  }
}
