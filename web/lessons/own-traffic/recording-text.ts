import { NumberedBatch } from "../../../src/replay/numbered-batch.ts";
import { type Requests, requestsOf } from "../../play/requests.ts";

/**
 * The recording stands in the page, so that it can be replayed from a disk, too. Of each request it has what the lesson
 * replays: when it came, which key, as a number, what was done, and the time to live. Names and sizes, which caches of
 * so many entries do not look at, would make it three times as large, and what reads traces is larger than both.
 */

const ID = "recording";
/** A key that comes for the first time has the next number, which need not be written. */
const NEW = 0;
const OPERATIONS = 4;
/** For the key's number: behind it stand the operation, and whether there is a time to live. */
const KEY_FACTOR = 2 * OPERATIONS;

/** Writes a recording into a page's text. Its times and times to live are whole milliseconds. */
export async function recordingText({ batch, count }: Requests): Promise<string> {
  const bytes: number[] = [];
  const write = (number: number): void => {
    let rest = number;
    for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
    bytes.push(rest);
  };
  let known = 0;
  let beforeMs = 0;
  for (let at = 0; at < count; at++) {
    const object = batch.objects[at]!;
    const ttlMs = batch.ttlMs[at]!;
    // Those of several writers may lie out of order.
    const laterMs = batch.timeMs[at]! - beforeMs;
    write(laterMs < 0 ? -2 * laterMs - 1 : 2 * laterMs);
    write((object > known ? NEW : object) * KEY_FACTOR + (ttlMs > 0 ? OPERATIONS : 0) + batch.operation[at]!);
    if (ttlMs > 0) write(ttlMs);
    known = Math.max(known, object);
    beforeMs = batch.timeMs[at]!;
  }
  const packed = await through(Uint8Array.from(bytes), new CompressionStream("gzip"));
  return `<template id="${ID}">${packed.toBase64()}</template>`;
}

/** Reads it from the page. */
export async function recordingIn(page: Document): Promise<Requests> {
  const template = page.getElementById(ID) as HTMLTemplateElement;
  const packed = Uint8Array.from(atob(template.content.textContent), (character) => character.charCodeAt(0));
  const bytes = await through(packed, new DecompressionStream("gzip"));
  let at = 0;
  const read = (): number => {
    let number = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      number |= (byte & 0x7f) << shift;
      if (byte < 0x80) return number;
    }
  };
  // A request takes two bytes or more.
  const batch = new NumberedBatch(bytes.length >> 1);
  batch.hasOperations = true;
  let known = 0;
  let timeMs = 0;
  for (; at < bytes.length; batch.count++) {
    const laterMs = read();
    timeMs += laterMs % 2 === 0 ? laterMs / 2 : -(laterMs + 1) / 2;
    const number = read();
    const object = Math.floor(number / KEY_FACTOR);
    batch.timeMs[batch.count] = timeMs;
    batch.objects[batch.count] = object === NEW ? ++known : object;
    batch.operation[batch.count] = number % OPERATIONS;
    batch.ttlMs[batch.count] = (number & OPERATIONS) > 0 ? read() : 0;
  }
  return requestsOf(batch, known, String, true);
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Blob([bytes]).stream().pipeThrough<Uint8Array<ArrayBuffer>>(stream);
  return new Uint8Array(await new Response(out).arrayBuffer());
}
