import { latin1 } from "../../lib/bytes.ts";
import { systemTimers } from "../../lib/timers.ts";
import type { ReplyReader } from "../../protocol/reply-reader.ts";
import { writeCommand } from "../../protocol/request-writer.ts";
import { CallbackRequest } from "../callback-request.ts";
import { UpstreamConnection, type UpstreamOptions } from "../connection.ts";
import { readErrorReply } from "../error-reply.ts";
import { logIn } from "../handshake.ts";
import type { Beat } from "../tracked-connection.ts";
import { UpstreamError } from "../upstream-error.ts";

const ROLE = ["ROLE"];
/** The role of a primary, as ROLE and HELLO tell it. */
export const PRIMARY = "master";
/** The longest role is `sentinel`. */
const LONGEST = 32;

/** Returns the role that a reply to ROLE tells, such as `master` or `slave`, or the error that it is. */
function readRole(bytes: Uint8Array, reader: ReplyReader): string {
  const error = readErrorReply(bytes, reader);
  if (error !== undefined) return error.text;
  const { valueStart, valueEnd } = reader;
  // A list, which begins with the role.
  const text = latin1(bytes, valueStart, Math.min(valueEnd, valueStart + LONGEST));
  return /^\$\d+\r\n([a-z]+)\r\n/.exec(text)?.[1] ?? "unknown";
}

/**
 * The heartbeat of a primary. One that was replaced while it was cut off goes on answering PING. Once it has been told
 * so, its role is another one.
 */
export class RoleBeat implements Beat {
  readonly command: readonly string[] = ROLE;
  readonly hasDatabases = true;
  readonly #seen: (role: string) => void;

  /** @param seen gets the role, or the error, of each answer */
  constructor(seen: (role: string) => void) {
    this.#seen = seen;
  }

  vouches(bytes: Uint8Array, reader: ReplyReader): boolean {
    const role = readRole(bytes, reader);
    this.#seen(role);
    return role === PRIMARY;
  }
}

/**
 * Asks a server for its role, over a connection of its own.
 * @param withinMs how long the server may take
 * @param then gets the role, or why there is none; called once, unless the question is withdrawn before
 * @returns withdraws the question
 */
export function askRole(
  options: UpstreamOptions,
  withinMs: number,
  then: (role: string) => void,
): () => void {
  const { timers = systemTimers } = options;
  const connection = new UpstreamConnection(options, { closed: () => {} });
  let isOver = false;
  const end = (): void => {
    isOver = true;
    timer.stop();
    connection.close(new UpstreamError("ORIGINDOWN", "not needed any more", false));
  };
  const answer = (role: string): void => {
    if (isOver) return;
    end();
    then(role);
  };
  const timer = timers.after(withinMs, () => answer(`no answer within ${withinMs} ms`));
  logIn(connection, { address: options.address, version: 2, selects: false });
  writeCommand(connection.out, ROLE);
  connection.enqueue(
    new CallbackRequest(
      (bytes, _start, _end, reader) => answer(readRole(bytes, reader)),
      (error) => answer(error.message),
    ),
  );
  return end;
}
