import { DELETE, EXPIRE, READ, WRITE } from "../../replay/records.ts";

const WORDS: ReadonlyMap<string, number> = new Map([
  ...words(READ, "get gets get_lease read r mget scan head"),
  ...words(
    WRITE,
    "set set_lease write w put add replace cas append prepend incr decr update insert store post patch",
  ),
  ...words(EXPIRE, "expire"),
  ...words(DELETE, "delete del d remove unlink purge invalidate"),
]);

/** Methods of HTTP and WebDAV that neither read, write nor delete what a URL names. */
const OTHER_METHODS: ReadonlySet<string> = new Set([
  ...["options", "connect", "trace", "propfind", "proppatch", "mkcol", "copy", "move", "lock", "unlock"],
  ...["report", "search"],
]);

/** Whether a word, in any case, is a method of HTTP that makes no record. */
export function isOtherMethod(word: string): boolean {
  return OTHER_METHODS.has(word.trim().toLowerCase());
}

/** Returns the operation that a word in a trace stands for, in any case; undefined if the word is unknown. */
export function operationOf(word: string): number | undefined {
  return WORDS.get(word) ?? WORDS.get(word.trim().toLowerCase());
}

function words(operation: number, text: string): [string, number][] {
  return text.split(" ").map((word) => [word, operation]);
}
