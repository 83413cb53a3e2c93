import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { latin1, parseDecimal } from "../../lib/bytes.ts";
import type { Random } from "../../lib/random.ts";
import { decodeReply, type ReplyValue } from "../../protocol/reply-value.ts";
import { RespWriter } from "../../protocol/resp-writer.ts";
import { encodeLine } from "./encoded-line.ts";

/** Makes one reply, in RESP3, of the replies of several nodes, none of which is an error. */
export type Join = (replies: readonly Uint8Array[]) => Uint8Array;

/** The first of them: all are alike. */
export const first: Join = (replies) => replies[0]!;

/** The sum of integers. */
export const sum: Join = (replies) =>
  encodeLine(`:${replies.reduce((total, reply) => total + headerNumber(reply), 0)}`);

/** The least of integers. */
export const least: Join = (replies) => encodeLine(`:${Math.min(...replies.map(headerNumber))}`);

/** One array of the elements of all. */
export const concatenation: Join = (replies) => {
  const count = replies.reduce((total, reply) => total + headerNumber(reply), 0);
  return Buffer.concat([
    encodeLine(`*${count}`),
    ...replies.map((reply) => reply.subarray(headerEnd(reply))),
  ]);
};

/** One array of the byte strings of all, each once. */
export const union: Join = (replies) => {
  const found = new Map<string, Uint8Array>();
  for (const reply of replies) {
    for (const name of elementsOf(reply) as Uint8Array[]) found.set(latin1(name), name);
  }
  return encodeArray(found.values());
};

/** An array of names, each with the sum of its integers. All have the same names. */
export const sumsByName: Join = (replies) => {
  const all = replies.map(elementsOf);
  return encodeArray(
    all[0]!.map((element, index) =>
      index % 2 === 0
        ? (element as Uint8Array)
        : all.reduce((total, elements) => total + (elements[index] as number), 0),
    ),
  );
};

/** An array of integers that are 1 only if they are in all arrays. */
export const inAll: Join = (replies) => {
  const columns = replies.map((reply) => latin1(reply, headerEnd(reply)).split("\r\n").slice(0, -1));
  const rows = columns[0]!.map((_, index) =>
    columns.every((column) => column[index] === ":1") ? ":1" : ":0",
  );
  return encodeLine([`*${rows.length}`, ...rows].join("\r\n"));
};

/** A random one of those that are not null; null if all are. */
export function anyOf(random: Random): Join {
  return (replies) => {
    const found = replies.filter((reply) => !isNull(reply));
    return found[Math.floor(random.next() * found.length)] ?? replies[0]!;
  };
}

export const isError = (reply: Uint8Array): boolean => reply[0] === 0x2d || reply[0] === 0x21;

/** `_` in RESP3; a byte string or array of length −1 in RESP2. */
const isNull = (reply: Uint8Array): boolean => reply[0] === 0x5f || reply[1] === 0x2d;

/** Of an array. */
function elementsOf(reply: Uint8Array): readonly ReplyValue[] {
  return decodeReply(reply, 0, reply.length) as ReplyValue[];
}

function encodeArray(elements: Iterable<Uint8Array | number>): Uint8Array {
  const all = [...elements];
  const writer = new RespWriter(new ByteBuffer());
  writer.array(all.length);
  for (const element of all) {
    if (typeof element === "number") writer.integer(element);
    else writer.bulk(element);
  }
  return writer.out.view();
}

/** Returns the offset behind the first line. */
function headerEnd(reply: Uint8Array): number {
  return reply.indexOf(0x0a) + 1;
}

/** The number in the first line: an integer, or how many elements follow. */
function headerNumber(reply: Uint8Array): number {
  return parseDecimal(reply, 1, headerEnd(reply) - 2) ?? 0;
}
