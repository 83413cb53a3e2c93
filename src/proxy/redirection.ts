import { NOT_AN_INTEGER } from "../commands/command-errors.ts";
import { fromLatin1, fromUtf8, latin1, parseInt64, utf8 } from "../lib/bytes.ts";
import type { Session } from "../net/session.ts";
import { Request } from "../protocol/protocol.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import type { ProxyContext, ProxyParts } from "./context.ts";
import { failureMessage } from "./forwarded-request.ts";
import { ERROR } from "./request-results.ts";

/** The client that gets another one's invalidations: its id at the proxy, and its connection's id at the origin. */
export interface Redirection {
  readonly ours: number;
  readonly theirs: number;
}

/** A client that can have a connection of its own to the origin. */
export interface OriginClient {
  /** The client's own connection, while it has one. */
  readonly dedicated: { readonly blockedOriginId: number | undefined; readonly node: OriginNode } | undefined;
  /** Returns the client's own connection, which it keeps from now on. @throws UpstreamError */
  keepDedicated(): { withOriginId(then: (id: number | undefined) => void): void };
}

/** A CLIENT TRACKING with a redirection, as it is sent to the origin. */
interface TranslatedTracking {
  readonly request: Request;
  readonly redirection: Redirection;
}

/** Returns the index of the redirection's client id in a CLIENT TRACKING; 0: none. */
export function redirectionAt(request: Request): number {
  for (let index = 3; index + 1 < request.count; index++) {
    const option = request.text(index).toLowerCase();
    if (option === "redirect") return index + 1;
    // The next argument is a prefix, whatever it looks like.
    if (option === "prefix") index++;
  }
  return 0;
}

/**
 * Replaces the client id of the proxy by that of the origin.
 * @returns an error message if that fails
 */
async function translateTracking(proxy: ProxyParts, request: Request): Promise<TranslatedTracking | string> {
  const at = redirectionAt(request);
  const given = parseInt64(request.bytes, request.starts[at]!, request.ends[at]!);
  if (given === undefined) return NOT_AN_INTEGER;
  const ours = Number(given);
  const theirs = ours === 0 ? 0 : await findOriginId(proxy, ours);
  if (theirs === undefined) return "ERR The client ID you want redirect to does not exist";
  return { request: withArgument(request, at, utf8(String(theirs))), redirection: { ours, theirs } };
}

/**
 * Sends a CLIENT TRACKING with a redirection, translated to the origin's id. The client waits meanwhile.
 * @param request with bytes of its own
 */
export function redirectTracking(
  { proxy, connection }: ProxyContext,
  request: Request,
  send: (translated: Request, redirection: Redirection) => void,
): void {
  const ticket = connection.defer();
  connection.hold();
  const { requests } = proxy.stats;
  const { command } = requests;
  const fail = (): void => requests.count(ERROR, command);
  void translateTracking(proxy, request).then((translated) => {
    try {
      requests.command = command;
      if (typeof translated === "string") {
        fail();
        ticket.reply.error(translated);
      } else if (!connection.isClosed) {
        send(translated.request, translated.redirection);
      }
    } catch (error) {
      if (!(error instanceof UpstreamError)) throw error;
      fail();
      ticket.reply.error(failureMessage(error, false, proxy.stats));
    }
    ticket.done();
    connection.release();
  });
}

/** Returns the origin's id for the own connection of a client of any thread. */
async function findOriginId(proxy: ProxyParts, client: number): Promise<number | undefined> {
  const own = await originIdOf(proxy, client);
  if (own !== undefined || proxy.peers === undefined) return own;
  const answers = await proxy.peers.ask({ kind: "origin-id", client });
  const found = answers.find((answer) => answer.length > 0);
  return found === undefined ? undefined : Number(fromUtf8(found));
}

/** Returns a client of this thread. */
export function findOriginClient(proxy: ProxyParts, client: number): OriginClient | undefined {
  return proxy.registry.get(client)?.session as (Session & OriginClient) | undefined;
}

/** As `findOriginId`, for a client of this thread; undefined if there is none, or the origin does not say. */
export function originIdOf(proxy: ProxyParts, client: number): Promise<number | undefined> {
  const session = findOriginClient(proxy, client);
  if (session === undefined) return Promise.resolve(undefined);
  try {
    const dedicated = session.keepDedicated();
    return new Promise((resolve) => dedicated.withOriginId(resolve));
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    return Promise.resolve(undefined);
  }
}

const REDIRECT_FIELD = /^(.*?\$8\r\nredirect\r\n:)(-?[0-9]+)(\r\n)/s;
const BROKEN = />2\r\n\$21\r\ntracking-redir-broken\r\n:[0-9]+\r\n/;

/**
 * Rewrites CLIENT TRACKINGINFO's reply, or the message that a redirection is broken, with the proxy's id of the
 * client.
 */
export function withOwnId(
  bytes: Uint8Array,
  start: number,
  end: number,
  { ours, theirs }: Redirection,
): Uint8Array {
  const text = latin1(bytes, start, end);
  const shown = BROKEN.test(text)
    ? text.replace(`:${theirs}\r\n`, `:${ours}\r\n`)
    : text.replace(REDIRECT_FIELD, (whole, before: string, id: string, after: string) =>
        Number(id) === theirs ? `${before}${ours}${after}` : whole,
      );
  return fromLatin1(shown);
}

function withArgument(request: Request, at: number, value: Uint8Array): Request {
  const parts = Array.from({ length: request.count }, (_, index) =>
    index === at ? value : request.copy(index),
  );
  const changed = new Request();
  changed.reset(Buffer.concat(parts));
  let end = 0;
  for (const part of parts) {
    changed.add(end, end + part.length);
    end += part.length;
  }
  return changed;
}
