import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { utf8 } from "../../lib/bytes.ts";
import type { Connection } from "../../net/connection.ts";
import { Request } from "../../protocol/protocol.ts";
import { RespWriter } from "../../protocol/resp-writer.ts";
import type { ProxyContext, ProxyParts } from "../context.ts";
import type { Answer, Question } from "./peers.ts";

/** What one thread does when another asks. */
export function answerPeer(proxy: ProxyParts, question: Question, then: (answer: Answer) => void): void {
  if (question.kind === "fence") proxy.origin.fence(() => then(new Uint8Array(0)));
  else if (question.kind === "landing") proxy.readThrough.whenLanded(question.key, then);
  else then(runForPeer(proxy, question.args));
}

/**
 * Runs CLIENT LIST, CLIENT KILL or CONFIG RESETSTAT on behalf of a client of another thread.
 * @returns the reply in RESP2
 */
function runForPeer(proxy: ProxyParts, args: readonly string[]): Uint8Array {
  const parts = args.map((arg) => utf8(arg));
  const request = new Request();
  const bytes = new ByteBuffer();
  for (const part of parts) bytes.append(part);
  request.reset(bytes.bytes);
  let at = 0;
  for (const part of parts) {
    request.add(at, at + part.length);
    at += part.length;
  }
  const out = new ByteBuffer();
  const context = {
    connection: { id: ABSENT_ID } as Connection,
    host: proxy.host,
    proxy,
    namesSources: false,
  } as ProxyContext;
  proxy.commands.find(request)!.run(context, request, new RespWriter(out, 2));
  return new Uint8Array(out.view());
}

/** The client that asks is another thread's: none of this one's is it (SKIPME). */
const ABSENT_ID = -1;
