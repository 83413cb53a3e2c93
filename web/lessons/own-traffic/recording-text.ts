import { NumberedBatch } from "../../../src/replay/numbered-batch.ts";
import { type Requests, requestsOf } from "../../play/requests.ts";

/**
 * The recording stands in the page, so that it can be replayed from a disk, too. Of each request it has what the lesson
 * replays: which key, as a number, and whether it is read. Sizes, times and names would make it five times as large;
 * caches of so many entries, whose entries writes remove, decide the same without.
 */

const ID = "recording";
/** A key that comes for the first time has the next number, which need not be written. */
const NEW = 0;
const OPERATION_BITS = 2;

/** Writes a recording into a page's text. */
export async function recordingText({ batch: { objects, operation }, count }: Requests): Promise<string> {
  const bytes: number[] = [];
  let known = 0;
  for (let at = 0; at < count; at++) {
    const isNew = objects[at]! > known;
    if (isNew) known = objects[at]!;
    let rest = ((isNew ? NEW : objects[at]!) << OPERATION_BITS) | operation[at]!;
    for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
    bytes.push(rest);
  }
  const packed = await through(Uint8Array.from(bytes), new CompressionStream("gzip"));
  return `<template id="${ID}">${packed.toBase64()}</template>`;
}

/** Reads it from the page. */
export async function recordingIn(page: Document): Promise<Requests> {
  const template = page.getElementById(ID) as HTMLTemplateElement;
  const packed = Uint8Array.from(atob(template.content.textContent), (character) => character.charCodeAt(0));
  const bytes = await through(packed, new DecompressionStream("gzip"));
  // A request takes one byte or more.
  const batch = new NumberedBatch(bytes.length);
  let known = 0;
  for (let at = 0; at < bytes.length; batch.count++) {
    let number = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = bytes[at++]!;
      number |= (byte & 0x7f) << shift;
      if (byte < 0x80) break;
    }
    const object = number >> OPERATION_BITS;
    batch.objects[batch.count] = object === NEW ? ++known : object;
    batch.operation[batch.count] = number & (2 ** OPERATION_BITS - 1);
  }
  batch.hasOperations = true;
  return requestsOf(batch, known, String);
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  stream: CompressionStream | DecompressionStream,
): Promise<Uint8Array<ArrayBuffer>> {
  const out = new Blob([bytes]).stream().pipeThrough<Uint8Array<ArrayBuffer>>(stream);
  return new Uint8Array(await new Response(out).arrayBuffer());
}
