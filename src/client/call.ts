import { fromUtf8 } from "../lib/bytes.ts";
import type { ReplyError, ReplyValue } from "../protocol/reply-value.ts";

/** A word of a request. Text is sent as UTF-8; bytes must not be changed before the call has settled. */
export type Argument = string | Uint8Array | number | bigint;

/**
 * A reply as a JavaScript value. Byte strings are text unless bytes were requested; integers beyond ±2^53 are
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

/** Where a reply came from, as a proxy reports it; undefined if it did not. */
export type Source = "hit" | "miss" | "coalesced" | "origin" | undefined;

/** A reply and its attributes. */
export interface Answer {
  readonly reply: Reply;
  readonly source: Source;
  /** Time since the value was stored in the cache. */
  readonly ageMs?: number;
  /** Time until the value expires; absent if it does not expire. */
  readonly ttlMs?: number;
}

/** One request, from the call until it has settled and, if it was sent, its reply has arrived. */
export class Call {
  readonly isRead: boolean;
  readonly asText: boolean;
  /** Approximate bytes of the arguments. */
  readonly sizeBytes: number;
  /** Empty once settled. */
  args: readonly (string | Uint8Array)[];
  /** Whether it was written to a connection, so that a reply is due. */
  sent = false;
  sentAtMs = 0;
  retried = false;
  settled = false;
  /** Neighbours in its `CallList`. */
  next: Call | undefined;
  previous: Call | undefined;
  readonly #onSettled: (answer: Answer | undefined, error: unknown) => void;

  constructor(
    args: readonly (string | Uint8Array)[],
    isRead: boolean,
    asText: boolean,
    onSettled: (answer: Answer | undefined, error: unknown) => void,
  ) {
    this.args = args;
    this.isRead = isRead;
    this.asText = asText;
    this.sizeBytes = sizeOf(args);
    this.#onSettled = onSettled;
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
    this.#onSettled(answer, error);
  }
}

function sizeOf(args: readonly (string | Uint8Array)[]): number {
  let bytes = 0;
  for (const argument of args) bytes += argument.length;
  return bytes;
}

/** Calls in order. Any call can be removed in constant time. */
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

  /** Removes a call, which must be in this list. */
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

/** Returns the words of a request in the form in which they are written. */
export function encodable(args: readonly Argument[]): (string | Uint8Array)[] {
  return args.map((argument) =>
    typeof argument === "number" || typeof argument === "bigint" ? String(argument) : argument,
  );
}

/** Adds what a decoded attribute map says about its reply. */
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
