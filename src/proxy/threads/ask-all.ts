import type { LateAnswer } from "../../commands/client-context.ts";
import type { Command } from "../../commands/command.ts";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import type { Request } from "../../protocol/protocol.ts";
import { decodeReply, ReplyError } from "../../protocol/reply-value.ts";
import { RespWriter } from "../../protocol/resp-writer.ts";
import type { ProxyContext } from "../context.ts";
import type { Peers } from "./peers.ts";

/** Subcommands about the clients or counters of all threads. */
const EVERYWHERE: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  ["client", new Set(["kill", "list", "pause", "unblock", "unpause"])],
  ["config", new Set(["resetstat"])],
]);

/** Whether a command is about all threads. */
export function concernsAllThreads(request: Request): boolean {
  const name = request.text(0).toLowerCase();
  if (name === "glass.health") return true;
  return request.count > 1 && EVERYWHERE.get(name)?.has(request.text(1).toLowerCase()) === true;
}

/**
 * Runs a command whose reply is combined with those of other threads.
 * @param context of the client that asks, or of none of this thread's
 * @returns the reply in RESP2
 */
export function runApart(
  context: Pick<ProxyContext, "connection" | "host" | "proxy">,
  command: Command<ProxyContext>,
  request: Request,
): Promise<Uint8Array> {
  const out = new ByteBuffer();
  const writer = new RespWriter(out, 2);
  const { connection, host, proxy } = context;
  return new Promise((resolve) => {
    let isLater = false;
    const answerLater = (): LateAnswer => {
      isLater = true;
      return (write) => {
        write(writer);
        resolve(new Uint8Array(out.view()));
      };
    };
    command.run({ connection, host, proxy, namesSources: false, answerLater }, request, writer);
    if (!isLater) resolve(new Uint8Array(out.view()));
  });
}

/**
 * Combines this thread's reply with those of the others: lists are joined, counts added. Of an error and a success
 * the success holds (CLIENT KILL of an address that only one thread has).
 * @param own this thread's reply, in RESP2
 * @param withinMs how long the others may take
 */
export async function askAll(
  peers: Peers,
  request: Request,
  own: Promise<Uint8Array>,
  { answer, withinMs }: { readonly answer: LateAnswer; readonly withinMs: number },
): Promise<void> {
  const args = Array.from({ length: request.count }, (_, index) => request.text(index));
  const isHealth = args[0]!.toLowerCase() === "glass.health";
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<undefined>((resolve) => {
    timer = setTimeout(() => resolve(undefined), withinMs);
  });
  const answers = await Promise.race([Promise.all([own, peers.ask({ kind: "command", args })]), late]);
  clearTimeout(timer);
  if (answers === undefined) {
    answer((reply) => reply.error(`ERR a thread of the proxy did not answer within ${withinMs} ms`));
    return;
  }
  const replies = [answers[0], ...answers[1]].map((bytes) => decodeReply(bytes, 0, bytes.length));
  const lists = replies.filter((value) => value instanceof Uint8Array);
  const counts = replies.filter((value) => typeof value === "number");
  const failure = replies.find((value) => value instanceof ReplyError);
  const isDone = replies.some((value) => value === "OK");
  answer((reply) => {
    if (lists.length > 0) {
      const texts = lists.map((list) => Buffer.from(list as Uint8Array).toString());
      // A thread without clients answers with an empty line.
      reply.verbatim("txt", texts.filter((text) => text.trim() !== "").join(""));
    } else if (counts.length > 0) {
      reply.integer((counts as number[]).reduce((sum, count) => sum + count, 0));
    } else if (failure !== undefined && (isHealth || !isDone)) {
      reply.error(failure.message);
    } else {
      reply.ok();
    }
  });
}
