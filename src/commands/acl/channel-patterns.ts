import { fromLatin1, latin1 } from "../../lib/bytes.ts";
import { matchesGlob } from "../../lib/glob.ts";
import { hasSpaces, RULE_SYNTAX, RuleError } from "./rule-error.ts";

/** Which channels somebody may publish to and subscribe to: `&news:*`. */
export class ChannelPatterns {
  #isAll = false;
  #globs = new Set<string>();

  get isAll(): boolean {
    return this.#isAll;
  }

  setAll(isAll: boolean): void {
    this.#isAll = isAll;
    this.#globs.clear();
  }

  /** Adds `&glob`. @throws RuleError */
  add(rule: string): void {
    if (this.#isAll) {
      throw new RuleError(
        "Adding a pattern after the * pattern (or the 'allchannels' flag) is not valid and does not have any effect. " +
          "Try 'resetchannels' to start with an empty list of channels",
      );
    }
    const glob = rule.slice(1);
    if (hasSpaces(glob)) throw new RuleError(RULE_SYNTAX);
    this.#globs.add(glob);
  }

  /** @param isPattern a pattern of PSUBSCRIBE is allowed only if it is written here as it is */
  allows(channel: Uint8Array, isPattern: boolean): boolean {
    if (this.#isAll) return true;
    if (isPattern) return this.#globs.has(latin1(channel, 0, channel.length));
    return [...this.#globs].some((glob) => matchesGlob(fromLatin1(glob), channel));
  }

  /** As ACL GETUSER shows them. */
  get text(): string {
    return this.#isAll ? "&*" : [...this.#globs].map((glob) => `&${glob}`).join(" ");
  }

  copy(): ChannelPatterns {
    const copy = new ChannelPatterns();
    copy.#isAll = this.#isAll;
    copy.#globs = new Set(this.#globs);
    return copy;
  }
}
