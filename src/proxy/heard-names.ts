import { channelsOf } from "../commands/acl/denial.ts";
import type { SubscribedNames } from "../commands/client.ts";
import type { Request } from "../protocol/protocol.ts";

/**
 * The names that a client has asked to subscribe to, as long as its user may not hear everything. They are kept until
 * the connection ends: a client that has unsubscribed from a name that its user may no longer hear is closed, too.
 */
export class HeardNames {
  readonly #channels = new Set<string>();
  readonly #patterns = new Set<string>();
  #isComplete = true;

  /** @param name of the command, in lower case */
  note(name: string, request: Request): void {
    const names = name === "psubscribe" ? this.#patterns : this.#channels;
    for (const index of channelsOf({ name }, request)) names.add(request.text(index));
  }

  /** The client may hear everything now, so its names are not noted. */
  lose(): void {
    this.#isComplete = false;
  }

  /** undefined: not all are known */
  get all(): SubscribedNames | undefined {
    return this.#isComplete ? { channels: [...this.#channels], patterns: [...this.#patterns] } : undefined;
  }
}
