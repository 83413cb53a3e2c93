import { fromLatin1 } from "../../lib/bytes.ts";
import { matchesGlob } from "../../lib/glob.ts";
import type { KeyPermission } from "../facts.ts";
import { hasSpaces, RULE_SYNTAX, RuleError } from "./rule-error.ts";

interface KeyPattern {
  readonly glob: string;
  readonly bytes: Uint8Array;
  /** With what keys begin that match, or what they are; undefined: the glob has to be asked. */
  readonly start: Uint8Array | undefined;
  /** Whether a star follows the beginning, and nothing else. */
  readonly isOpen: boolean;
  readonly reads: boolean;
  readonly writes: boolean;
}

/** Which keys somebody may read and write: `~app:* %R~shared:*`. */
export class KeyPatterns {
  #isAll = false;
  /** By glob, in the order in which they were given. */
  #patterns = new Map<string, KeyPattern>();

  /** Whether every key may be read and written, by `~*` or `allkeys`. */
  get isAll(): boolean {
    return this.#isAll;
  }

  setAll(isAll: boolean): void {
    this.#isAll = isAll;
    this.#patterns.clear();
  }

  /** Adds `~glob`, `%R~glob`, `%W~glob` or `%RW~glob`. @throws RuleError */
  add(rule: string): void {
    if (this.#isAll) {
      throw new RuleError(
        "Adding a pattern after the * pattern (or the 'allkeys' flag) is not valid and does not have any effect. " +
          "Try 'resetkeys' to start with an empty list of patterns",
      );
    }
    const match = /^(?:~|%(R|W|RW|WR)~)([\s\S]*)$/i.exec(rule);
    if (match === null || hasSpaces(match[2]!)) throw new RuleError(RULE_SYNTAX);
    const permission = (match[1] ?? "RW").toUpperCase();
    const glob = match[2]!;
    const same = this.#patterns.get(glob);
    const bytes = fromLatin1(glob);
    const start = literalStart(bytes);
    const isOpen = start.length + 1 === bytes.length && bytes[start.length] === STAR;
    this.#patterns.set(glob, {
      ...{ glob, bytes, isOpen },
      start: isOpen || start.length === bytes.length ? start : undefined,
      reads: permission.includes("R") || same?.reads === true,
      writes: permission.includes("W") || same?.writes === true,
    });
  }

  /** Whether one pattern allows all of this with the key bytes[start, end). */
  allows(bytes: Uint8Array, start: number, end: number, permission: KeyPermission): boolean {
    if (this.#isAll) return true;
    for (const own of this.#patterns.values()) {
      if (gives(own, permission) && matches(own, bytes, start, end)) return true;
    }
    return false;
  }

  /** Whether every key may be read, by a pattern that is a star. */
  get readsAll(): boolean {
    return this.#isAll || this.#patterns.get("*")?.reads === true;
  }

  /**
   * Whether all keys that match a glob may be read, as far as can be told from beginnings: `app:*` covers `app:*`,
   * `app:user:?` and `app:1`.
   */
  readsAllOf(glob: Uint8Array): boolean {
    if (this.readsAll) return true;
    const begin = literalStart(glob);
    return [...this.#patterns.values()].some(({ bytes, start, isOpen, reads }) => {
      if (!reads) return false;
      if (isOpen) return startsWith(begin, start!);
      return bytes.length === glob.length && startsWith(bytes, glob);
    });
  }

  /** As ACL GETUSER shows them. */
  get text(): string {
    return this.#isAll ? "~*" : [...this.#patterns.values()].map(patternText).join(" ");
  }

  copy(): KeyPatterns {
    const copy = new KeyPatterns();
    copy.#isAll = this.#isAll;
    copy.#patterns = new Map(this.#patterns);
    return copy;
  }
}

/** Most patterns are a beginning and a star, which needs no view of the key. */
function matches(
  { bytes, start: begin, isOpen }: KeyPattern,
  key: Uint8Array,
  start: number,
  end: number,
): boolean {
  // As in Redis, a star does not match an empty key.
  if (begin === undefined || start === end) return matchesGlob(bytes, key.subarray(start, end));
  const { length } = begin;
  if (isOpen ? end - start < length : end - start !== length) return false;
  for (let at = 0; at < length; at++) if (key[start + at] !== begin[at]) return false;
  return true;
}

function gives({ reads, writes }: KeyPattern, permission: KeyPermission): boolean {
  if (permission === "R") return reads;
  if (permission === "W") return writes;
  return permission === "" || (reads && writes);
}

function patternText({ glob, reads, writes }: KeyPattern): string {
  return reads && writes ? `~${glob}` : `%${reads ? "R" : "W"}~${glob}`;
}

const STAR = 0x2a;
const SPECIAL: ReadonlySet<number> = new Set([STAR, 0x3f, 0x5b, 0x5c]);

/** The bytes of a glob before its first special one. */
function literalStart(glob: Uint8Array): Uint8Array {
  const end = glob.findIndex((byte) => SPECIAL.has(byte));
  return end < 0 ? glob : glob.subarray(0, end);
}

function startsWith(bytes: Uint8Array, start: Uint8Array): boolean {
  return bytes.length >= start.length && start.every((byte, at) => bytes[at] === byte);
}
