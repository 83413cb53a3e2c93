import type { ReplyReader } from "../protocol/reply-reader.ts";
import type { UpstreamError } from "./upstream-error.ts";
import { type ConnectionKind, type Redirected, type Upstream, UpstreamRequest } from "./upstream-request.ts";

/** Called with the reply bytes[start, end), which may be an error. Valid during the call only. */
export type Replied = (bytes: Uint8Array, start: number, end: number, reader: ReplyReader) => void;

/** A request that calls one function with its reply, and another one if no reply will come. */
export class CallbackRequest extends UpstreamRequest {
  readonly #replied: Replied;
  readonly #failed: ((error: UpstreamError) => void) | undefined;
  readonly #resend: ((to: Upstream) => void) | undefined;
  readonly #kind: ConnectionKind | undefined;

  /**
   * @param resend writes the request to another connection; without it the request fails with its own
   * @param kind the kind of connection that it was sent over, if it may be redirected
   */
  constructor(
    replied: Replied,
    failed?: (error: UpstreamError) => void,
    resend?: (to: Upstream) => void,
    kind?: ConnectionKind,
  ) {
    super();
    this.#kind = kind;
    this.#replied = replied;
    this.#failed = failed;
    this.#resend = resend;
  }

  override reply(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void {
    this.#replied(bytes, start, end, reader);
  }

  override failed(error: UpstreamError): void {
    this.#failed?.(error);
  }

  override get redirectsTo(): ConnectionKind | undefined {
    return this.#resend === undefined ? undefined : this.#kind;
  }

  override redirect({ to }: Redirected): void {
    this.resend(to);
  }

  override resend(to: Upstream): boolean {
    if (this.#resend === undefined) return false;
    this.#resend(to);
    to.enqueue(this);
    return true;
  }
}
