import { keyOf, writeValue } from "./endurance-values.ts";

/** Room for a batch of requests. A batch ends while a value of the largest size still fits. */
const BATCH_BYTES = 2 * 1024 ** 2;
const FULL_BYTES: number = BATCH_BYTES - 512 * 1024;

/**
 * Requests that are sent in one write, each of a key of these benchmarks. The buffer is used again for the next
 * batch.
 */
export class RequestBatch {
  readonly #bytes: Buffer = Buffer.alloc(BATCH_BYTES);
  readonly #bulkKeys: Buffer[];
  readonly #textKeys: Buffer[];
  #length = 0;

  constructor(keys: number) {
    this.#textKeys = Array.from({ length: keys }, (_, id) => Buffer.from(keyOf(id)));
    this.#bulkKeys = this.#textKeys.map((key) => Buffer.from(`$${key.length}\r\n${key}\r\n`));
  }

  get isFull(): boolean {
    return this.#length > FULL_BYTES;
  }

  /** Returns the requests written since the last call. They are valid until more are written. */
  take(): Buffer {
    const taken = this.#bytes.subarray(0, this.#length);
    this.#length = 0;
    return taken;
  }

  raw(text: string): void {
    this.#length += this.#bytes.write(text, this.#length, "latin1");
  }

  /** RESP: a request whose last argument is a key. @param head all bytes before the key */
  keyed(head: Uint8Array, id: number): void {
    this.#append(head);
    this.#append(this.#bulkKeys[id]!);
  }

  /** RESP: SET with a value that can be checked. @param ttlMs 0 for none */
  set(id: number, version: number, size: number, ttlMs: number): void {
    this.keyed(ttlMs === 0 ? SET : SET_PX, id);
    this.raw(`$${size}\r\n`);
    this.#length = writeValue(this.#bytes, this.#length, id, version, size);
    if (ttlMs === 0) this.raw("\r\n");
    else this.raw(`\r\n$2\r\nPX\r\n$${String(ttlMs).length}\r\n${ttlMs}\r\n`);
  }

  /** Text protocol: a request with a verb and a key. */
  line(verb: Uint8Array, id: number): void {
    this.#append(verb);
    this.#append(this.#textKeys[id]!);
    this.raw("\n");
  }

  put(id: number, version: number, size: number): void {
    this.#append(PUT);
    this.#append(this.#textKeys[id]!);
    this.raw("=");
    this.#length = writeValue(this.#bytes, this.#length, id, version, size);
    this.raw("\n");
  }

  #append(bytes: Uint8Array): void {
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }
}

/** Returns the beginning of a RESP request with `count` arguments, up to the key. */
export function requestHead(count: number, ...words: readonly string[]): Buffer {
  return Buffer.from(`*${count}\r\n${words.map((word) => `$${word.length}\r\n${word}\r\n`).join("")}`);
}

const SET: Buffer = requestHead(3, "SET");
const SET_PX: Buffer = requestHead(5, "SET");
const PUT: Buffer = Buffer.from("PUT ");

export type ReplyKind = "value" | "null" | "status" | "integer" | "aggregate" | "push" | "error";

/** One reply. The object is filled anew for each. */
export interface Reply {
  kind: ReplyKind;
  /** Where the text, the value or the first element of an aggregate begins, and where it ends. */
  start: number;
  end: number;
}

const CR = 13;
const LF = 10;
const MINUS = 45;

/** Reads a reply of RESP2 or RESP3. @returns where the next one begins; −1 when this one is incomplete */
export function readResp(data: Buffer, at: number, reply: Reply): number {
  const lineEnd = data.indexOf(CR, at);
  if (lineEnd < 0 || lineEnd + 2 > data.length) return -1;
  reply.start = at + 1;
  reply.end = lineEnd;
  const next = lineEnd + 2;
  const type = String.fromCharCode(data[at]!);
  switch (type) {
    case "$":
      return readBulk(data, at + 1, lineEnd, reply);
    case "+":
      reply.kind = "status";
      return next;
    case ":":
      reply.kind = "integer";
      return next;
    case "_":
      reply.kind = "null";
      return next;
    case "-":
      reply.kind = "error";
      return next;
    case "*":
    case ">":
    case "%":
      return readAggregate(data, type, next, reply);
    default:
      throw new Error(`a reply that begins with ${JSON.stringify(type)}`);
  }
}

function readBulk(data: Buffer, start: number, lineEnd: number, reply: Reply): number {
  if (data[start] === MINUS) {
    reply.kind = "null";
    return lineEnd + 2;
  }
  reply.kind = "value";
  reply.start = lineEnd + 2;
  reply.end = reply.start + decimal(data, start, lineEnd);
  return reply.end + 2 > data.length ? -1 : reply.end + 2;
}

function readAggregate(data: Buffer, type: string, next: number, reply: Reply): number {
  const count = decimal(data, reply.start, reply.end) * (type === "%" ? 2 : 1);
  const element: Reply = { kind: "null", start: 0, end: 0 };
  let at = next;
  for (let index = 0; index < count && at >= 0; index++) at = readResp(data, at, element);
  reply.kind = type === ">" ? "push" : "aggregate";
  reply.start = next;
  reply.end = at;
  return at;
}

/** Reads a line of the text protocol, without the prefix that names the server. @returns as `readResp` */
export function readLine(data: Buffer, at: number, reply: Reply): number {
  const lineEnd = data.indexOf(LF, at);
  if (lineEnd < 0) return -1;
  reply.start = startsWith(data, at, PROXY)
    ? at + PROXY.length
    : startsWith(data, at, BACKEND)
      ? at + BACKEND.length
      : at;
  reply.end = lineEnd;
  if (startsWith(data, reply.start, OK)) reply.kind = "status";
  else if (startsWith(data, reply.start, ABSENT)) reply.kind = "null";
  else reply.kind = startsWith(data, reply.start, ERROR) ? "error" : "value";
  return lineEnd + 1;
}

const PROXY: Buffer = Buffer.from("{Proxy Server} : ");
const BACKEND: Buffer = Buffer.from("{Backend Server} : ");
const OK: Buffer = Buffer.from("OK\n");
const ABSENT: Buffer = Buffer.from("No such key found\n");
const ERROR: Buffer = Buffer.from("ERROR ");

function startsWith(data: Buffer, at: number, text: Buffer): boolean {
  for (let index = 0; index < text.length; index++) if (data[at + index] !== text[index]) return false;
  return true;
}

export function decimal(data: Buffer, start: number, end: number): number {
  let value = 0;
  for (let at = start; at < end; at++) value = value * 10 + data[at]! - 48;
  return value;
}
