import type { ReplyReader } from "../../protocol/reply-reader.ts";
import type { UpstreamError } from "../../upstream/upstream-error.ts";
import { type Redirected, type Upstream, UpstreamRequest } from "../../upstream/upstream-request.ts";

interface PartRequestOptions {
  /** The command, in RESP. */
  readonly command: Uint8Array;
  /** Whether it may change something. Then it is never sent again once a node may have executed it. */
  readonly mayWrite: boolean;
  /** Gets the reply bytes[start, end), valid during the call only. */
  answered(bytes: Uint8Array, start: number, end: number): void;
  failed(error: UpstreamError): void;
}

/** One part of a request that several nodes execute. It goes over main connections. */
export class PartRequest extends UpstreamRequest {
  readonly #options: PartRequestOptions;

  constructor(options: PartRequestOptions) {
    super();
    this.#options = options;
  }

  send(to: Upstream): void {
    const { command } = this.#options;
    to.out.append(command, 0, command.length);
    this.repliesAwaited = 1;
    to.enqueue(this);
  }

  override get redirectsTo(): "main" {
    return "main";
  }

  override redirect({ to }: Redirected): void {
    this.send(to);
  }

  override resend(to: Upstream): boolean {
    if (this.#options.mayWrite) return false;
    this.send(to);
    return true;
  }

  override reply(bytes: Uint8Array, _start: number, end: number, { replyStart }: ReplyReader): void {
    this.#options.answered(bytes, replyStart, end);
  }

  override failed(error: UpstreamError): void {
    this.#options.failed(error);
  }
}
