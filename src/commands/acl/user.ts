import { fromLatin1 } from "../../lib/bytes.ts";
import { type HashPassword, isAmong, isPasswordHash } from "./password.ts";
import { RuleError } from "./rule-error.ts";
import { Selector } from "./selector.ts";

/**
 * A user, and what it may do. Follows Redis's rules (https://redis.io/docs/latest/operate/oss_and_stack/management/
 * security/acl/). Changes hold at once for clients that have authenticated as it.
 */
export class User {
  readonly name: string;
  readonly #hash: HashPassword;
  #isOn = false;
  #needsNoPassword = false;
  /** Redis checks what RESTORE is given more or less closely. It is shown, and has no effect here. */
  #sanitizes = true;
  #passwords: readonly string[] = [];
  /** The first is the user's own; each further one stands in parentheses. */
  #selectors: readonly Selector[] = [new Selector()];
  /** Whether it may run every command on every key and channel. Read at each request. */
  isUnrestricted = false;

  constructor(name: string, hash: HashPassword) {
    this.name = name;
    this.#hash = hash;
  }

  /** A client can authenticate as it. */
  get isOn(): boolean {
    return this.#isOn;
  }

  /** Any password will do. */
  get needsNoPassword(): boolean {
    return this.#needsNoPassword;
  }

  get passwords(): readonly string[] {
    return this.#passwords;
  }

  get selectors(): readonly Selector[] {
    return this.#selectors;
  }

  get flags(): readonly string[] {
    const pass = this.#needsNoPassword ? ["nopass"] : [];
    return [
      this.#isOn ? "on" : "off",
      ...pass,
      this.#sanitizes ? "sanitize-payload" : "skip-sanitize-payload",
    ];
  }

  /** Whether the password is right. The time it takes does not depend on how much of it is right. */
  accepts(password: Uint8Array): boolean {
    const isRight = isAmong(this.#hash(password), this.#passwords);
    return this.#isOn && (this.#needsNoPassword || isRight);
  }

  /**
   * Applies rules in their order: `on`, `>password`, `~app:*`, `+@read`, `(%R~shared:* +get)`, …
   * @throws RuleError naming nothing of the rule, which may be a password; those before it have been applied
   */
  apply(rules: readonly string[]): void {
    for (const rule of rules) this.applyOne(rule);
  }

  /** @throws RuleError */
  applyOne(rule: string): void {
    this.#apply(rule);
    this.isUnrestricted = this.#selectors.some((selector) => selector.isAll);
  }

  #apply(rule: string): void {
    switch (rule.toLowerCase()) {
      case "":
        return;
      case "on":
      case "off":
        this.#isOn = rule.toLowerCase() === "on";
        return;
      case "sanitize-payload":
      case "skip-sanitize-payload":
        this.#sanitizes = rule.toLowerCase() === "sanitize-payload";
        return;
      case "nopass":
      case "resetpass":
        this.#needsNoPassword = rule.toLowerCase() === "nopass";
        this.#passwords = [];
        return;
      case "clearselectors":
        this.#selectors = this.#selectors.slice(0, 1);
        return;
      case "reset":
        this.apply("resetpass resetkeys resetchannels off sanitize-payload clearselectors -@all".split(" "));
        return;
    }
    const [first] = rule;
    if (first === ">" || first === "#") this.#addPassword(this.#hashOf(rule, ">"));
    else if (first === "<" || first === "!") this.#removePassword(this.#hashOf(rule, "<"));
    else if (first === "(" && rule.endsWith(")")) this.#selectors = [...this.#selectors, Selector.read(rule)];
    else this.#selectors[0]!.apply(rule);
  }

  #addPassword(hash: string): void {
    if (!this.#passwords.includes(hash)) this.#passwords = [...this.#passwords, hash];
    this.#needsNoPassword = false;
  }

  #removePassword(hash: string): void {
    if (!this.#passwords.includes(hash)) {
      throw new RuleError("The password you are trying to remove from the user does not exist");
    }
    this.#passwords = this.#passwords.filter((own) => own !== hash);
  }

  /** Reads `>password` or `#hash`, or their opposites. @throws RuleError */
  #hashOf(rule: string, plain: ">" | "<"): string {
    if (rule[0] === plain) return this.#hash(fromLatin1(rule.slice(1)));
    const hash = rule.slice(1);
    if (!isPasswordHash(hash)) {
      throw new RuleError(
        "The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters",
      );
    }
    return hash;
  }

  /** As ACL LIST shows it, behind `user NAME`. */
  get text(): string {
    const [own, ...more] = this.#selectors;
    const passwords = this.#passwords.map((hash) => `#${hash}`);
    const selectors = more.map((selector) => `(${selector.text})`);
    return [...this.flags, ...passwords, own!.text, ...selectors].join(" ");
  }

  /** Takes over all that another has, but the name. */
  become(other: User): void {
    this.#isOn = other.#isOn;
    this.#needsNoPassword = other.#needsNoPassword;
    this.#sanitizes = other.#sanitizes;
    this.#passwords = other.#passwords;
    this.#selectors = other.#selectors.map((selector) => selector.copy());
    this.isUnrestricted = other.isUnrestricted;
  }

  copy(): User {
    const copy = new User(this.name, this.#hash);
    copy.become(this);
    return copy;
  }
}

/**
 * Joins the parts of selectors that came as several arguments: `(+get`, `~a)`.
 * @returns the rules; or the beginning of a selector without an end
 */
export function joinSelectors(
  parts: readonly string[],
): { readonly rules: readonly string[] } | { readonly unmatched: string } {
  const rules: string[] = [];
  let open: { readonly start: string; text: string } | undefined;
  for (const part of parts) {
    if (open === undefined) {
      if (part.startsWith("(") && !part.endsWith(")")) open = { start: part, text: part };
      else rules.push(part);
      continue;
    }
    open.text += ` ${part}`;
    if (!part.endsWith(")")) continue;
    rules.push(open.text);
    open = undefined;
  }
  return open === undefined ? { rules } : { unmatched: open.start };
}
