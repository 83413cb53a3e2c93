import { Call, type Reply } from "../client/call.ts";
import { openLink } from "../client/handshake.ts";
import type { Link } from "../client/link.ts";
import { resolveOptions } from "../client/options.ts";
import { ReplyError } from "../protocol/reply-value.ts";
import type { Printer } from "./client-printer.ts";
import { type ClientRequest, textOf, type Word } from "./client-request.ts";
import type { AskPassword, Target } from "./client-target.ts";

/** Commands whose replies do not end. The client library sends none of them: they occupy a connection. */
const FEED_COMMANDS: ReadonlySet<string> = new Set(["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "MONITOR"]);

export function isFeed({ command }: ClientRequest): boolean {
  return FEED_COMMANDS.has(textOf(command[0] ?? "").toUpperCase());
}

/**
 * Runs such a command over a connection of its own, and prints what arrives until `signal` aborts.
 * @returns the server's error reply to the command; undefined after a regular end
 * @throws FailedError if it cannot connect; Error if the connection is lost
 */
export async function showFeed(
  target: Target,
  words: readonly Word[],
  printer: Printer,
  signal: AbortSignal,
  askPassword?: AskPassword,
): Promise<Error | undefined> {
  const { promise: ended, resolve, reject } = Promise.withResolvers<Error | undefined>();
  let link: Link | undefined;
  const show = (item: Parameters<Printer["printFeed"]>[1]) => {
    link?.pause();
    printer.printFeed(words, item).then(() => link?.resume(), reject);
  };
  const events = {
    pushesAsBytes: true,
    drained() {},
    pushed: show,
    unasked: (value: unknown) => show(value as Reply),
    ended: (error: Error) => reject(new Error(`connection to ${target.address} lost: ${error.message}`)),
  };
  [link] = await target.opened((options) => openLink(resolveOptions(options), signal, events), askPassword);
  const stop = () => resolve(undefined);
  signal.addEventListener("abort", stop);
  if (signal.aborted) stop();
  link.write(
    new Call(words, false, false, (answer, error) => {
      // The reply to MONITOR; pushes confirm subscriptions.
      if (answer !== undefined) printer.note("every command is shown as it is executed; Ctrl-C ends");
      else if (error instanceof ReplyError) resolve(error);
    }),
  );
  link.flush();
  try {
    return await ended;
  } finally {
    signal.removeEventListener("abort", stop);
    link.close();
  }
}

/** Runs it as the only command, until Ctrl-C or SIGTERM, which is its regular end. */
export async function runFeed(
  target: Target,
  words: readonly Word[],
  printer: Printer,
  askPassword?: AskPassword,
): Promise<Error | undefined> {
  const controller = new AbortController();
  const stop = () => controller.abort();
  for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, stop);
  try {
    return await showFeed(target, words, printer, controller.signal, askPassword);
  } catch (error) {
    if (controller.signal.aborted) return undefined;
    throw error;
  }
}
