import { fromUtf8 } from "../lib/bytes.ts";
import type { ReplyError, ReplyValue } from "../protocol/reply-value.ts";

/** A word of a request. Text goes as UTF-8; bytes must not be changed until the call has settled. */
export type Argument = string | Uint8Array | number | bigint;

/**
 * A reply as JavaScript has it. Byte strings are text unless bytes were asked for; integers beyond ±2^53 are
 * bigints; an error within an array (a failed command of a transaction) is a `ReplyError`.
 */
export type Reply =
  | string
  | Uint8Array
  | number
  | bigint
  | boolean
  | null
  | ReplyError
  | Reply[]
  | Map<Reply, Reply>
  | Set<Reply>;

/** Where a reply came from, as a proxy tells; undefined where nothing was said. */
export type Source = "hit" | "miss" | "coalesced" | "origin" | undefined;

/** A reply and what was said about it. */
export interface Answer {
  readonly reply: Reply;
  readonly source: Source;
  /** How long the value has been in the cache. */
  readonly ageMs?: number;
  /** How long the value may stay; absent for one that does not expire. */
  readonly ttlMs?: number;
}

/** One request on its way, from the call until it has settled and its reply, if one was due, has come. */
export class Call {
  readonly isRead: boolean;
  readonly asText: boolean;
  /** Bytes of the arguments, about. */
  readonly sizeBytes: number;
  /** Empty once settled. */
  args: readonly (string | Uint8Array)[];
  /** Written to a connection, so that a reply is due. */
  sent = false;
  sentAtMs = 0;
  retried = false;
  settled = false;
  /** Neighbours in the list that holds it. */
  next: Call | undefined;
  previous: Call | undefined;
  readonly #settled: (answer: Answer | undefined, error: unknown) => void;

  constructor(
    args: readonly (string | Uint8Array)[],
    isRead: boolean,
    asText: boolean,
    settled: (answer: Answer | undefined, error: unknown) => void,
  ) {
    this.args = args;
    this.isRead = isRead;
    this.asText = asText;
    this.sizeBytes = sizeOf(args);
    this.#settled = settled;
  }

  answer(answer: Answer): void {
    this.#settle(answer, undefined);
  }

  fail(error: unknown): void {
    this.#settle(undefined, error);
  }

  #settle(answer: Answer | undefined, error: unknown): void {
    if (this.settled) return;
    this.settled = true;
    this.args = [];
    this.#settled(answer, error);
  }
}

function sizeOf(args: readonly (string | Uint8Array)[]): number {
  let bytes = 0;
  for (const argument of args) bytes += argument.length;
  return bytes;
}

/** Calls in order, any of which can leave in constant time. */
export class CallList {
  #head: Call | undefined;
  #tail: Call | undefined;
  size = 0;

  get first(): Call | undefined {
    return this.#head;
  }

  push(call: Call): void {
    call.previous = this.#tail;
    call.next = undefined;
    if (this.#tail === undefined) this.#head = call;
    else this.#tail.next = call;
    this.#tail = call;
    this.size++;
  }

  unshift(call: Call): void {
    call.next = this.#head;
    call.previous = undefined;
    if (this.#head === undefined) this.#tail = call;
    else this.#head.previous = call;
    this.#head = call;
    this.size++;
  }

  shift(): Call | undefined {
    const call = this.#head;
    if (call !== undefined) this.remove(call);
    return call;
  }

  /** The call must be in this list. */
  remove(call: Call): void {
    const { previous, next } = call;
    if (previous === undefined) this.#head = next;
    else previous.next = next;
    if (next === undefined) this.#tail = previous;
    else next.previous = previous;
    call.previous = undefined;
    call.next = undefined;
    this.size--;
  }
}

/** The words of a request as they are written. */
export function encodable(args: readonly Argument[]): (string | Uint8Array)[] {
  return args.map((argument) =>
    typeof argument === "number" || typeof argument === "bigint" ? String(argument) : argument,
  );
}

/** What a decoded attribute map says about the reply it came with. */
export function describeSource(
  reply: Reply,
  attributes: ReadonlyMap<ReplyValue, ReplyValue> | undefined,
): Answer {
  if (attributes === undefined) return { reply, source: undefined };
  let source: Source;
  let ageMs: number | undefined;
  let ttlMs: number | undefined;
  for (const [key, value] of attributes) {
    const name = asText(key);
    if (name === "source") source = asSource(asText(value));
    else if (name === "age-ms" && typeof value === "number") ageMs = value;
    else if (name === "ttl-ms" && typeof value === "number" && value >= 0) ttlMs = value;
  }
  return {
    reply,
    source,
    ...(ageMs === undefined ? {} : { ageMs }),
    ...(ttlMs === undefined ? {} : { ttlMs }),
  };
}

function asText(value: ReplyValue): string {
  return value instanceof Uint8Array ? fromUtf8(value) : String(value);
}

function asSource(text: string): Source {
  return text === "hit" || text === "miss" || text === "coalesced" || text === "origin" ? text : undefined;
}
