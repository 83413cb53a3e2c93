import { type DecodeOptions, decodeReply, ReplyError, type ReplyValue } from "../protocol/reply-value.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { CallbackRequest, type Replied } from "../upstream/callback-request.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import type { ProxyParts } from "./context.ts";
import { failureMessage } from "./forwarded-request.ts";

export type OriginCommand = readonly (string | Uint8Array)[];

export interface AskingOptions extends DecodeOptions {
  /** Whether the command may change something. */
  readonly mayWrite?: boolean;
  /** The time-out; the origin's by default. */
  readonly withinMs?: number;
  /** The node that is asked; any by default. */
  readonly node?: OriginNode;
}

/**
 * Asks every node; each other option as in `askOrigin`.
 * @returns the replies, in the order of the nodes
 */
export function askEveryNode(
  proxy: ProxyParts,
  command: OriginCommand,
  options: Omit<AskingOptions, "node"> = {},
): Promise<ReplyValue[]> {
  const ask = (node: OriginNode): Promise<ReplyValue> =>
    new Promise((resolve) => askOrigin(proxy, command, resolve, { ...options, node }));
  return Promise.all(proxy.origin.nodes.map(ask));
}

/**
 * Asks the origin a question of the proxy's own, such as INFO, over a side connection in RESP2, behind a fence.
 * @param then gets the reply; an error made by the proxy if there is none
 */
export function askOrigin(
  proxy: ProxyParts,
  command: OriginCommand,
  then: (reply: ReplyValue) => void,
  options: AskingOptions = {},
): void {
  const { withinMs, mayWrite = false } = options;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isAnswered = false;
  const answer = (reply: ReplyValue): void => {
    if (isAnswered) return;
    isAnswered = true;
    clearTimeout(timer);
    then(reply);
  };
  const fail = (error: UpstreamError): void =>
    answer(
      new ReplyError(mayWrite ? failureMessage(error, true, proxy.stats) : `${error.code} ${error.message}`),
    );
  try {
    const node = options.node ?? proxy.origin.anyNode();
    const upstream = node.side(2);
    writeCommand(upstream.out, command);
    const replied: Replied = (bytes, _start, end, { replyStart }) => {
      const reply = decodeReply(bytes, replyStart, end, options);
      proxy.fence.pass(node, () => answer(reply));
    };
    upstream.enqueue(new CallbackRequest(replied, fail));
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    fail(error);
    return;
  }
  if (withinMs === undefined) return;
  const message = `origin ${proxy.origin.name} did not answer within ${withinMs} ms`;
  timer = setTimeout(() => fail(new UpstreamError("ORIGINTIMEOUT", message, mayWrite)), withinMs);
}
