import { lookup } from "node:dns";
import { isIP } from "node:net";

/** Finds the addresses of a name. */
export type Lookup = (
  name: string,
  then: (error: Error | undefined, addresses: readonly string[]) => void,
) => void;

/** Asks the system, which also reads its file of hosts. */
const systemLookup: Lookup = (name, then) =>
  lookup(name, { all: true }, (error, found) =>
    then(
      error ?? undefined,
      (found ?? []).map(({ address }) => address),
    ),
  );

/**
 * The addresses of an origin's host. While the origin is reached at one of them, all connections go there. Once that
 * is lost, the name is asked again: it may stand for other addresses now.
 */
export class HostAddresses {
  readonly #host: string;
  readonly #isAddress: boolean;
  readonly #lookup: Lookup;
  /** Where the origin has been reached. */
  #reached: string | undefined;
  /** The address that failed last. It comes last at the next attempt. */
  #failed: string | undefined;

  /** @param host a name or an address */
  constructor(host: string, lookupName: Lookup = systemLookup) {
    this.#host = host;
    this.#isAddress = isIP(host) !== 0;
    this.#lookup = lookupName;
  }

  /**
   * Finds the addresses to try, in this order. Calls `then` at once where it need not ask.
   * @param then gets why there are none, or at least one address
   */
  resolve(then: (found: readonly string[] | Error) => void): void {
    if (this.#isAddress || this.#reached !== undefined) {
      then([this.#reached ?? this.#host]);
      return;
    }
    this.#lookup(this.#host, (error, addresses) => {
      const distinct = [...new Set(addresses)];
      if (distinct.length === 0) then(new Error(`its name has no address${reasonOf(error)}`));
      else
        then([
          ...distinct.filter((one) => one !== this.#failed),
          ...distinct.filter((one) => one === this.#failed),
        ]);
    });
  }

  /** The origin answers there. */
  reached(address: string): void {
    this.#reached = address;
    this.#failed = undefined;
  }

  /** The origin is no longer reached where it was, or not at this address. */
  lost(address: string | undefined = this.#reached): void {
    this.#failed = address;
    this.#reached = undefined;
  }
}

/** What the system says: ENOTFOUND for a name that does not exist, EAI_AGAIN if no server answers. */
function reasonOf(error: Error | undefined): string {
  const code = (error as { code?: string } | undefined)?.code;
  return code === undefined ? "" : ` (${code})`;
}
