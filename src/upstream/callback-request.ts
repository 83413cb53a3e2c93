import type { ReplyReader } from "../protocol/reply-reader.ts";
import { type UpstreamConnection, UpstreamRequest } from "./connection.ts";
import type { UpstreamError } from "./upstream-error.ts";

/** A question whose answer counts whatever it says, an error too: for its place in the stream. */
export class Sign extends UpstreamRequest {
  readonly #answered: (bytes: Uint8Array, reader: ReplyReader) => void;
  readonly #failed: ((error: UpstreamError) => void) | undefined;
  readonly #resend: ((to: UpstreamConnection) => void) | undefined;

  /** @param resend writes the question to another connection; where it is absent it fails with its own */
  constructor(
    answered: (bytes: Uint8Array, reader: ReplyReader) => void,
    failed?: (error: UpstreamError) => void,
    resend?: (to: UpstreamConnection) => void,
  ) {
    super();
    this.#answered = answered;
    this.#failed = failed;
    this.#resend = resend;
  }

  override reply(bytes: Uint8Array, _start: number, _end: number, reader: ReplyReader): void {
    this.#answered(bytes, reader);
  }

  override failed(error: UpstreamError): void {
    this.#failed?.(error);
  }

  override resend(to: UpstreamConnection): boolean {
    if (this.#resend === undefined) return false;
    this.#resend(to);
    to.enqueue(this);
    return true;
  }
}
