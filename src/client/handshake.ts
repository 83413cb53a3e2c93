import { ProtocolError } from "../protocol/protocol.ts";
import { ReplyError } from "../protocol/reply-value.ts";
import { type Answer, Call, type Reply } from "./call.ts";
import { AuthenticationError, ConnectError } from "./errors.ts";
import { Link, type LinkEvents } from "./link.ts";
import { formatAddress, type ResolvedOptions } from "./options.ts";

/** The server's description of itself. */
export interface ServerInfo {
  /** `glasscache`, `redis`, … */
  readonly name: string;
  readonly version: string;
  /** `standalone`, `proxy`, `cluster`, … */
  readonly mode: string;
  /** Whether it reports where cached reads came from. */
  readonly tellsSource: boolean;
}

/**
 * Opens a connection, switches it to RESP3, authenticates, and asks for the source of replies.
 * @throws ConnectError, AuthenticationError, or the signal's reason
 */
export async function openLink(
  options: ResolvedOptions,
  signal: AbortSignal | undefined,
  events: LinkEvents,
): Promise<[Link, ServerInfo]> {
  const limit = timeLimit(options, signal);
  let link: Link | undefined;
  try {
    link = await Link.open(options, options.clock, limit.signal, failUnanswered);
    // It may have been aborted after the link opened, when nothing listened.
    limit.signal.throwIfAborted();
    return [link, await introduce(link, options, limit.signal, events)];
  } catch (error) {
    link?.destroy(new Error("not authenticated"));
    throw error;
  } finally {
    limit.clear();
  }
}

const failUnanswered: LinkEvents = {
  drained() {},
  pushed() {},
  ended(error, unanswered) {
    for (const call of unanswered) call.fail(error);
  },
};

/** Returns a signal that aborts with the given one, or when connecting has taken too long. */
function timeLimit(options: ResolvedOptions, outer: AbortSignal | undefined) {
  const controller = new AbortController();
  const { connectTimeoutMs: ms } = options;
  const late = () => {
    const message = `cannot connect to ${formatAddress(options)} within ${ms} ms`;
    controller.abort(new ConnectError(message, "ETIMEDOUT"));
  };
  const timer = ms === 0 ? undefined : setTimeout(late, ms);
  const aborted = () => controller.abort(outer?.reason);
  outer?.addEventListener("abort", aborted);
  if (outer?.aborted === true) aborted();
  return {
    signal: controller.signal,
    clear() {
      clearTimeout(timer);
      outer?.removeEventListener("abort", aborted);
    },
  };
}

async function introduce(
  link: Link,
  options: ResolvedOptions,
  signal: AbortSignal,
  events: LinkEvents,
): Promise<ServerInfo> {
  const hello = ["HELLO", "3"];
  if (options.password !== undefined) hello.push("AUTH", options.user ?? "default", options.password);
  const aborted = () => link.destroy(signal.reason);
  signal.addEventListener("abort", aborted);
  try {
    // Written together. The second gets an error reply if the first does, or if the server does not know it.
    const greeting = ask(link, hello);
    const source = ask(link, ["GLASS.SOURCE", "ON"]).then(
      () => true,
      () => false,
    );
    link.flush();
    const info = await greeting;
    const tellsSource = await source;
    // Set now, without an await in between: the next message of the server belongs to the client.
    link.events = events;
    return serverInfo(info.reply, tellsSource);
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    throw refusal(error, options);
  } finally {
    signal.removeEventListener("abort", aborted);
  }
}

function ask(link: Link, args: string[]): Promise<Answer> {
  return new Promise((resolve, reject) => {
    link.write(
      new Call(args, true, true, (answer, error) => (answer === undefined ? reject(error) : resolve(answer))),
    );
  });
}

function serverInfo(reply: Reply, tellsSource: boolean): ServerInfo {
  const fields = reply instanceof Map ? reply : new Map<Reply, Reply>();
  const field = (name: string) => String(fields.get(name) ?? "");
  return { name: field("server"), version: field("version"), mode: field("mode"), tellsSource };
}

function refusal(error: unknown, options: ResolvedOptions): Error {
  const address = formatAddress(options);
  if (error instanceof ReplyError) {
    if (error.code === "NOAUTH") return new AuthenticationError(`${address} requires a password`, error.code);
    if (error.code === "WRONGPASS") {
      return new AuthenticationError(`${address} does not accept the password`, error.code);
    }
    const text = error.message.toLowerCase();
    if (text.includes("unknown command") || error.code === "NOPROTO") {
      return new ConnectError(`${address} does not speak RESP3 (Redis 6 or later does)`, error.code, error);
    }
    return new ConnectError(`${address} refuses the connection: ${error.message}`, error.code, error);
  }
  if (error instanceof ProtocolError) {
    return new ConnectError(`${address} does not speak RESP: ${error.message}`, "", error);
  }
  const message = error instanceof Error ? error.message : String(error);
  return new ConnectError(`connection to ${address} lost while connecting: ${message}`, "", error);
}
