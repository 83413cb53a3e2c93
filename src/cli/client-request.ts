import { fromLatin1, fromStrictUtf8, fromUtf8, latin1 } from "../lib/bytes.ts";
import { splitInline } from "../protocol/inline-command.ts";
import { Request } from "../protocol/protocol.ts";

/** A request as the user typed it, and as it is sent. */
export interface ClientRequest {
  /** `put`, `get`, `delete` and `dump` are verbs of the text protocol; everything else is a RESP command as typed. */
  readonly kind: "put" | "get" | "delete" | "dump" | "command";
  /** The user's words, for display. */
  readonly words: readonly Word[];
  /** The RESP command. Empty for `dump`, which takes several commands. */
  readonly command: readonly Word[];
}

export type Word = string | Uint8Array;

/** A malformed request. The message says what is wrong and shows the right form. */
export class RequestProblem extends Error {
  override name = "RequestProblem";
}

/**
 * Reads a request from words, as on a command line. `PUT a=b` and `PUT a b` mean the same. A key may consist of
 * several words.
 * @throws RequestProblem
 */
export function requestOfWords(words: readonly Word[]): ClientRequest {
  const [verb = "", ...rest] = words;
  switch (textOf(verb).toUpperCase()) {
    case "PUT":
      return putRequest(isBytes(rest.at(-1)) && rest.length > 1 ? besideInput(rest) : splitAtEquals(rest));
    case "GET":
      return keyRequest("get", "GET", rest);
    case "DELETE":
      return keyRequest("delete", "DELETE", rest);
    case "DUMP":
      // With a key it is Redis's command of that name.
      return rest.length === 0
        ? { kind: "dump", words: ["DUMP"], command: [] }
        : { kind: "command", words, command: words };
    default:
      return { kind: "command", words, command: words };
  }
}

/**
 * Reads a request from a line. PUT, GET and DELETE are read as in the text protocol: keys may contain white space,
 * values anything. Arguments that begin with a quote, and all other commands, are split into words, with quotes as in
 * a shell.
 * @returns undefined for an empty line, or one that begins with `#`
 * @throws RequestProblem
 */
export function requestOfLine(line: Uint8Array): ClientRequest | undefined {
  // One character per byte, which preserves bytes that are not text.
  const [, verb = "", rest = ""] = LINE.exec(latin1(line)) ?? [];
  if (verb === "" || verb.startsWith("#")) return undefined;
  const isPut = /^PUT$/i.test(verb);
  if (isPut ? !isQuotedPair(rest) : /^(?:GET|DELETE)$/i.test(verb) && !isQuoted(rest)) {
    if (rest === "") return requestOfWords([verb]);
    return isPut ? putRequest(putWords(rest)) : requestOfWords([verb, wordOf(rest)]);
  }
  const words = splitWords(line);
  // If key and value are quoted separately, an equals sign in them has no meaning.
  return isPut && words.length > 2 ? putRequest(words.slice(1)) : requestOfWords(words);
}

function isQuoted(text: string): boolean {
  return text.startsWith('"') || text.startsWith("'");
}

/** Whether key or value of `key value` is quoted. With an equals sign it is the text protocol's form instead. */
function isQuotedPair(rest: string): boolean {
  return isQuoted(rest) || (!rest.includes("=") && isQuoted(rest.replace(/^[^ \t-\r]+[ \t-\r]+/, "")));
}

/** A verb and the rest, without white space around them: ASCII white space only, as in the text protocol. */
const LINE = /^[ \t-\r]*([^ \t-\r]+)[ \t-\r]*(.*?)[ \t-\r]*$/s;

/** `key=value` or `key value`, as latin1. */
function putWords(rest: string): Word[] {
  const [, key = "", value] = (/^([^=]*)=(.*)$/s.exec(rest) ??
    /^([^ \t-\r]+)(?:[ \t-\r]+(.*))?$/s.exec(rest))!;
  const trimmed = [key, value].map((text) => text?.replace(/^[ \t-\r]+|[ \t-\r]+$/g, ""));
  return trimmed.filter((text) => text !== undefined).map(wordOf);
}

/** @throws RequestProblem if quotes are not balanced */
export function splitWords(line: Uint8Array): Word[] {
  const request = new Request();
  request.reset(line);
  if (!splitInline(line, 0, line.length, request)) {
    throw new RequestProblem("a quote is not closed, or no space follows it: \"…\" or '…'");
  }
  return Array.from({ length: request.count }, (_, index) => wordOfBytes(request.copy(index)));
}

function wordOf(latin1Text: string): Word {
  return wordOfBytes(fromLatin1(latin1Text));
}

/** Returns text if the bytes are UTF-8. */
function wordOfBytes(bytes: Uint8Array): Word {
  return fromStrictUtf8(bytes) ?? bytes;
}

/** @param words key and value, each of one or more words */
function putRequest([key, ...others]: readonly Word[]): ClientRequest {
  if (key === undefined) throw new RequestProblem("PUT needs a key and a value: PUT key=value");
  if (others.length === 0) throw new RequestProblem("PUT needs a value after the key: PUT key=value");
  if (key.length === 0) throw new RequestProblem("PUT needs a key before the equals sign: PUT key=value");
  const value = others.length === 1 ? others[0]! : others.map(textOf).join(" ");
  return { kind: "put", words: ["PUT", key, value], command: ["SET", key, value] };
}

/** Splits `key=value`, if the words have that form; a shell may have split the value into several words. */
function splitAtEquals(words: readonly Word[]): readonly Word[] {
  const [first = "", ...others] = words;
  const equals = typeof first === "string" ? first.indexOf("=") : -1;
  if (equals < 0) return words;
  const value = [textOf(first).slice(equals + 1), ...others.map(textOf)].join(" ");
  return [textOf(first).slice(0, equals).trim(), value.trim()];
}

function isBytes(word: Word | undefined): boolean {
  return word instanceof Uint8Array;
}

/** Returns key and value of `PUT key` or `PUT key=` whose value was read separately, as bytes. */
function besideInput(words: readonly Word[]): readonly Word[] {
  const value = words.at(-1)!;
  const [, key = "", given = ""] = /^([^=]*)=?(.*)$/s.exec(words.slice(0, -1).map(textOf).join(" "))!;
  if (given !== "")
    throw new RequestProblem("PUT has two values: one after the equals sign, one from standard input");
  return [key.trim(), value];
}

function keyRequest(kind: "get" | "delete", verb: string, rest: readonly Word[]): ClientRequest {
  const key = rest.length === 1 ? rest[0]! : rest.map(textOf).join(" ");
  if (key.length === 0) throw new RequestProblem(`${verb} needs a key: ${verb} key`);
  return { kind, words: [verb, key], command: [kind === "get" ? "GET" : "DEL", key] };
}

export function textOf(word: Word): string {
  return typeof word === "string" ? word : fromUtf8(word);
}

/** Whether a request contains a password, which must be neither shown nor kept. */
export function isSecret(words: readonly Word[]): boolean {
  const upper = words.map((word) => textOf(word).toUpperCase());
  const [verb = "", second = "", ...more] = upper;
  if (verb === "AUTH" || verb === "ACL") return true;
  if (verb === "HELLO" || verb === "MIGRATE") return upper.some((word) => word.startsWith("AUTH"));
  return verb === "CONFIG" && second === "SET" && more.some((word) => /PASS|AUTH/.test(word));
}

/** Whether a command may wait for an event, for any length of time. */
export function mayBlock({ kind, command }: ClientRequest): boolean {
  return kind === "command" && BLOCKING.has(textOf(command[0] ?? "").toUpperCase());
}

const BLOCKING: ReadonlySet<string> = new Set(
  "BLPOP BRPOP BRPOPLPUSH BLMOVE BLMPOP BZPOPMIN BZPOPMAX BZMPOP XREAD XREADGROUP WAIT WAITAOF".split(" "),
);
