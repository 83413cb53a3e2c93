import type { ReplyReader } from "../protocol/reply-reader.ts";
import type { LargeReplySink } from "../upstream/large-reply.ts";
import { type Upstream, UpstreamRequest } from "../upstream/upstream-request.ts";
import { type AuditedRead, isServed } from "./audited-read.ts";

/** What the origin says about a value that the cache has served; `unknown`: it has no value, or has not answered. */
export type AuditAnswer = "same" | "different" | "unknown";

/** Asks the origin what a cached read was answered with. The answer is not stored. */
export class AuditQuestion extends UpstreamRequest {
  readonly #read: AuditedRead;
  readonly #then: (answer: AuditAnswer) => void;

  /** @param then called once */
  constructor(read: AuditedRead, then: (answer: AuditAnswer) => void) {
    super();
    this.#read = read;
    this.#then = then;
  }

  send(connection: Upstream): void {
    const { key, question } = this.#read;
    question.write(connection.out, key.bytes, key.start, key.end);
    this.repliesAwaited = question.replies;
    connection.enqueue(this);
  }

  override reply(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void {
    if (this.repliesAwaited > 0) return;
    const { question } = this.#read;
    if (question.withoutValue(bytes, start, end, reader) !== undefined) {
      this.#then("unknown");
      return;
    }
    const isWhole = question.form === "reply";
    const from = isWhole ? start : reader.valueStart;
    const to = isWhole ? end : reader.valueEnd;
    if (isServed(this.#read, bytes, from, to)) this.#then("same");
    // The origin may give the elements of a set or a map in any order.
    else this.#then(isWhole ? "unknown" : "different");
  }

  /** Audited values are not large, so a large one is another one. Nothing of it is kept. */
  override takeLarge(): LargeReplySink | undefined {
    if (this.#read.question.form === "reply") return undefined;
    return { append: () => false, complete: () => this.#then("different") };
  }

  override failed(): void {
    this.#then("unknown");
  }
}
