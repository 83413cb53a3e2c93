import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { utf8 } from "../../lib/bytes.ts";
import type { Connection } from "../../net/connection.ts";
import { Request } from "../../protocol/protocol.ts";
import type { ProxyParts } from "../context.ts";
import { clientCountsOf } from "../info-command.ts";
import { originIdOf } from "../redirection.ts";
import { encodeEntries } from "./access-peers.ts";
import { runApart } from "./ask-all.ts";
import type { Answer, Question } from "./peers.ts";

const NOTHING: Answer = new Uint8Array(0);

/** Answers a question from another thread. */
export function answerPeer(proxy: ProxyParts, question: Question, then: (answer: Answer) => void): void {
  switch (question.kind) {
    case "fence":
      proxy.origin.fence(() => then(NOTHING));
      break;
    case "landing":
      proxy.readThrough.whenLanded(question.key, then);
      break;
    case "settings":
      proxy.live.refresh();
      then(NOTHING);
      break;
    case "read-only-script":
      proxy.scripts.add(question.digest);
      then(NOTHING);
      break;
    case "monitored":
      proxy.monitors.shown(question.line);
      then(NOTHING);
      break;
    case "users":
      proxy.host.access.adopt();
      then(NOTHING);
      break;
    case "refusals":
      then(encodeEntries(proxy.host.access.log.newest(question.count)));
      break;
    case "forget-refusals":
      proxy.host.access.log.reset();
      then(NOTHING);
      break;
    case "clients":
      then(clientCountsOf(proxy));
      break;
    case "origin-id":
      void originIdOf(proxy, question.client).then((id) =>
        then(id === undefined ? NOTHING : utf8(String(id))),
      );
      break;
    case "command":
      void runForPeer(proxy, question.args).then(then);
  }
}

/**
 * Runs a command in this thread for a client of another thread, or at a later time.
 * @returns the reply in RESP2
 */
function runForPeer(proxy: ProxyParts, args: readonly string[]): Promise<Uint8Array> {
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
  const connection = { id: ABSENT_ID } as Connection;
  return runApart({ connection, host: proxy.host, proxy }, proxy.commands.find(request)!, request);
}

/** @returns a function that runs a command of the proxy's own in all threads, and drops its reply */
export function runLater(proxy: ProxyParts, request: Request): () => void {
  const args = Array.from({ length: request.count }, (_, index) => request.text(index));
  return () => {
    void runForPeer(proxy, args);
    void proxy.peers?.ask({ kind: "command", args });
  };
}

/** The client that asks belongs to another thread, so no client of this one is it (SKIPME). */
const ABSENT_ID = -1;
