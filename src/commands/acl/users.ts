import { latin1, utf8 } from "../../lib/bytes.ts";
import type { SharedText } from "../../lib/shared-text.ts";
import type { HashPassword } from "./password.ts";
import { RuleError } from "./rule-error.ts";
import { joinSelectors, User } from "./user.ts";
import { readUsers, writeUsers } from "./users-text.ts";

/** Clients that do not authenticate are this user, if it needs no password. */
export const DEFAULT_USER = "default";

/** The most bytes of all users in the form of ACL files. */
export const MOST_USERS_BYTES = 1024 * 1024;

/** The users that a service knows. */
export class Users {
  readonly #users = new Map<string, User>();
  readonly #shared: SharedText | undefined;
  /** The default user where nothing says otherwise: it may do everything. */
  readonly #fallback: User;
  readonly #hash: HashPassword;
  /** To take the same time for a user that does not exist. */
  readonly #nobody: User;
  #version = 0;
  #revision = 0;

  /**
   * @param password the default user's; undefined: it needs none
   * @param shared what the threads of one proxy share; undefined: there is one thread
   */
  constructor(hash: HashPassword, password?: string, shared?: SharedText) {
    this.#hash = hash;
    this.#shared = shared;
    this.#nobody = new User("", hash);
    this.#fallback = new User(DEFAULT_USER, hash);
    this.#fallback.apply(["on", ...passwordRules(password), "~*", "&*", "+@all"]);
    this.#replaceBy([]);
    if (shared === undefined) return;
    if (shared.version > 0) this.refresh();
    else this.#change(() => {});
  }

  /** The user of clients that have not authenticated. */
  get default(): User {
    return this.#users.get(DEFAULT_USER)!;
  }

  /** Whether a new client must authenticate before it may do anything. */
  get needsPassword(): boolean {
    const { isOn, needsNoPassword } = this.default;
    return !(isOn && needsNoPassword);
  }

  get(name: string): User | undefined {
    return this.#users.get(name);
  }

  /** All users, in the order of their names' bytes. */
  get all(): readonly User[] {
    return [...this.#users.values()].sort((one, other) => (one.name < other.name ? -1 : 1));
  }

  /** The user of this name, if the password is right and it is on. The time it takes tells nothing of passwords. */
  authenticate(name: string, password: Uint8Array): User | undefined {
    const user = this.#users.get(name);
    const accepts = (user ?? this.#nobody).accepts(password);
    return accepts ? user : undefined;
  }

  /** Gives the default user this password, or none (`requirepass`). */
  setPassword(password: string | undefined): void {
    const rules = passwordRules(password);
    this.#fallback.apply(rules);
    this.#change(() => this.default.apply(rules));
  }

  /**
   * Creates or changes a user, by all rules or by none.
   * @throws Error with Redis's text
   */
  set(name: string, parts: readonly string[]): void {
    const joined = joinSelectors(parts);
    if ("unmatched" in joined) {
      throw new RuleError(`Unmatched parenthesis in acl selector starting at '${joined.unmatched}'.`);
    }
    this.#change(() => {
      const user = this.#users.get(name);
      const next = user?.copy() ?? new User(name, this.#hash);
      for (const rule of joined.rules) {
        try {
          next.applyOne(rule);
        } catch (error) {
          throw new RuleError(`Error in ACL SETUSER modifier '${rule}': ${(error as Error).message}`);
        }
      }
      if (user === undefined) this.#users.set(name, next);
      else user.become(next);
    });
  }

  /** Deletes users. @returns how many of them existed */
  delete(names: readonly string[]): number {
    if (names.includes(DEFAULT_USER)) throw new RuleError("The 'default' user cannot be removed");
    return this.#change(() => names.filter((name) => this.#users.delete(name)).length);
  }

  /** Takes these users in place of all there are. The default user is that of the start if they do not have it. */
  replaceBy(users: readonly User[]): void {
    this.#change(() => this.#replaceBy(users));
  }

  /** Adopts what other threads have changed. */
  refresh(): void {
    const shared = this.#shared;
    if (shared === undefined || shared.version === this.#version) return;
    const { version, text } = shared.read();
    this.#version = version;
    this.#replaceBy(readUsers(text, "shared", this.#hash));
  }

  /** Another number after each change. */
  get revision(): number {
    return this.#revision;
  }

  /** All users, in the form of ACL files. */
  get text(): string {
    return writeUsers(this.all);
  }

  /** Makes a change in all threads, or in none. */
  #change<T>(change: () => T): T {
    const shared = this.#shared;
    const apply = (): T => {
      const before = this.text;
      const result = change();
      this.#revision++;
      const { text } = this;
      if (text.length > MOST_USERS_BYTES) {
        this.#replaceBy(readUsers(before, "before", this.#hash));
        throw new RuleError(
          `Users may take ${MOST_USERS_BYTES} bytes in all; with this change they would take ${text.length}`,
        );
      }
      if (shared !== undefined) this.#version = shared.write(text);
      return result;
    };
    if (shared === undefined) return apply();
    return shared.locked(() => {
      this.refresh();
      return apply();
    });
  }

  #replaceBy(users: readonly User[]): void {
    this.#revision++;
    const names = new Set([DEFAULT_USER, ...users.map(({ name }) => name)]);
    for (const name of this.#users.keys()) if (!names.has(name)) this.#users.delete(name);
    const all = users.some(({ name }) => name === DEFAULT_USER) ? users : [...users, this.#fallback.copy()];
    for (const user of all) {
      const present = this.#users.get(user.name);
      // Clients have authenticated as this very object.
      if (present !== undefined) present.become(user);
      else this.#users.set(user.name, user);
    }
  }
}

function passwordRules(password: string | undefined): string[] {
  return password === undefined ? ["nopass"] : ["resetpass", `>${latin1(utf8(password))}`];
}
