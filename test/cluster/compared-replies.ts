/** Replies of a cluster and of the proxy in front of it, as they are compared. */
import { fromLatin1 } from "../../src/lib/bytes.ts";
import { ReplyReader } from "../../src/protocol/reply-reader.ts";
import { decodeReply } from "../../src/protocol/reply-value.ts";
import type { Words } from "./compared-cluster.ts";

/** Commands whose replies have no order. */
const UNORDERED = new Set(["smembers", "sinter", "sunion", "sdiff", "spop", "function|list"]);
/** Of these only the type of the reply is compared: time, memory and chance decide. */
const SHAPES = new Set([
  ...[
    "time",
    "lastsave",
    "lolwut",
    "memory|stats",
    "memory|malloc-stats",
    "memory|doctor",
    "object|idletime",
  ],
  ...[
    "slowlog|get",
    "slowlog|len",
    "latency|latest",
    "latency|reset",
    "latency|doctor",
    "latency|histogram",
    "role",
  ],
]);
/** Members drawn at random, of these. */
const DRAWN = new Map([
  ["hrandfield", ["f", "g", "1", "2"]],
  ["srandmember", ["m", "n"]],
  ["zrandmember", ["m", "n", "o", "1", "2", "3"]],
]);

/** How a dumped stream begins (`rdb.h` of Redis). */
const STREAMS = [15, 19, 21];

/** A reply as it is compared. @param name of the command, as the table has it */
export function shown(name: string, reply: string): string {
  if (/^[-!_]/.test(reply) || reply.startsWith("$-1")) return reply;
  if (SHAPES.has(name)) return reply[0]!;
  if (UNORDERED.has(name)) return `${headOf(reply)} ${textsIn(reply).toSorted().join(" ")}`;
  const drawn = DRAWN.get(name);
  if (drawn !== undefined && textsIn(reply).every((text) => drawn.includes(text))) {
    // A byte string's length is chance, too.
    return reply.startsWith("$") ? "$" : `${headOf(reply)} drawn`;
  }
  // A stream's consumers were last seen when the stream was made.
  if (name === "dump" && STREAMS.includes(reply.charCodeAt(headOf(reply).length + 2))) return headOf(reply);
  if (name === "xinfo|consumers") return reply.replace(/(\$4\r\nidle\r\n):\d+/g, "$1:0");
  return reply;
}

/** The first line of a reply, without its end. */
export function headOf(reply: string): string {
  return reply.slice(0, reply.indexOf("\r"));
}

/** All that is in a reply, at any depth, as texts. */
export function textsIn(reply: string): string[] {
  const bytes = fromLatin1(reply);
  const flat = (value: unknown): string[] =>
    Array.isArray(value) || value instanceof Set || value instanceof Map
      ? [...value].flatMap(flat)
      : [String(value)];
  return flat(decodeReply(bytes, 0, bytes.length, { text: true }));
}

/** The elements of an array's reply. */
export function elementsOf(reply: string): string[] {
  const bytes = fromLatin1(reply);
  const reader = new ReplyReader();
  const elements: string[] = [];
  for (let start = headOf(reply).length + 2; start < bytes.length; ) {
    const end = reader.next(bytes, start, bytes.length);
    elements.push(reply.slice(start, end));
    start = end;
  }
  return elements;
}

/** A request as a failure tells it. */
export function told(words: Words): string {
  return words.map((word) => (/^[!-~]+$/.test(word) ? word : JSON.stringify(word).slice(0, 60))).join(" ");
}

/** What differs between two lists of replies to the same requests. */
export function differencesOf(
  name: string,
  requests: readonly Words[],
  direct: string[],
  proxied: string[],
): string[] {
  return requests.flatMap((words, index) => {
    const [expected, received] = [direct[index]!, proxied[index]!];
    return shown(name, expected) === shown(name, received) ? [] : [difference(words, expected, received)];
  });
}

/** A request with two replies that differ, as a failure tells it. */
export function difference(words: Words, expected: string, received: string): string {
  const short = (reply: string): string => JSON.stringify(reply.slice(0, 300));
  return `${told(words)}: ${short(expected)} at the cluster, ${short(received)} through the proxy`;
}
