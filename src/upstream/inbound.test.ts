import { describe, expect, test } from "bun:test";
import { bulk } from "../../test/support/fake-origin.ts";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { LARGE_BYTES } from "../lib/large-value.ts";
import { Inbound } from "./inbound.ts";
import type { LargeReplySink } from "./large-reply.ts";
import { OutstandingRequests } from "./outstanding-requests.ts";
import { UpstreamRequest } from "./upstream-request.ts";

/** A request that tells what it gets, and takes large values or not. */
class Told extends UpstreamRequest {
  readonly #tell: (event: string) => void;
  readonly #sink: LargeReplySink | undefined;

  constructor(tell: (event: string) => void, sink: LargeReplySink | undefined) {
    super();
    this.#tell = tell;
    this.#sink = sink;
  }

  override takeLarge(lengthBytes: number): LargeReplySink | undefined {
    this.#tell(`large ${lengthBytes}`);
    return this.#sink;
  }

  override reply(bytes: Uint8Array, start: number, end: number): void {
    this.#tell(end - start < 100 ? latin1(bytes, start, end) : `${end - start} bytes`);
  }

  override failed(): void {}
}

/** What comes in for these requests: `true` takes large values as they arrive. */
function open(
  takes: readonly boolean[],
  { keepsPieces = false, ended = () => {} }: { readonly keepsPieces?: boolean; ended?(): void } = {},
) {
  const events: string[] = [];
  const requests = new OutstandingRequests(undefined);
  const pieces: Uint8Array[] = [];
  const sink: LargeReplySink = {
    append: (bytes, start, end) => {
      const isKept = keepsPieces && end === bytes.length;
      pieces.push(isKept ? bytes.subarray(start, end) : new Uint8Array(bytes.subarray(start, end)));
      return isKept;
    },
    complete: () => events.push("complete"),
  };
  const tell = (event: string): void => {
    events.push(event);
    ended();
  };
  for (const taken of takes) requests.add(new Told(tell, taken ? sink : undefined));
  const inbound = new Inbound(requests, {
    pushed: (bytes, start, end) => events.push(`pushed ${latin1(bytes, start, end)}`),
    stray: (bytes, start, end) => events.push(`stray ${latin1(bytes, start, end)}`),
  });
  const receive = (...texts: readonly string[]): void => {
    for (const text of texts) inbound.receive(fromLatin1(text));
  };
  return { events, inbound, receive, pieces };
}

const LARGE = "x".repeat(LARGE_BYTES);

test("replies, push messages and replies without a request are told apart, within a piece and across", () => {
  const { events, receive } = open([false, false]);
  receive("+1\r\n>1\r\n+news\r\n+", "2\r\n>1\r", "\n+also\r\n>1\r\n+more\r\n+3\r\n");
  expect(events).toEqual([
    "+1\r\n",
    "pushed >1\r\n+news\r\n",
    "+2\r\n",
    "pushed >1\r\n+also\r\n",
    "pushed >1\r\n+more\r\n",
    "stray +3\r\n",
  ]);
});

describe("a byte string that arrives in pieces", () => {
  test("is large from 256 KiB on", () => {
    const { events, receive } = open([true, true]);
    for (const text of [LARGE.slice(1), LARGE]) {
      const reply = bulk(text);
      receive(reply.slice(0, 1000), reply.slice(1000));
    }
    expect(events).toEqual([`${LARGE_BYTES - 1 + 11} bytes`, `large ${LARGE_BYTES}`, "complete"]);
  });

  test("is whole when it is large, and what follows it is read", () => {
    const { events, inbound, receive, pieces } = open([true, false]);
    const value = `a${LARGE}z`;
    const reply = bulk(value);
    receive(reply.slice(0, 3), reply.slice(3, 5000));
    expect(inbound.isReceivingLarge).toBe(true);
    receive(reply.slice(5000, -1), "\n+2\r\n");
    expect(inbound.isReceivingLarge).toBe(false);
    expect(Buffer.concat(pieces).toString("latin1") === value).toBe(true);
    expect(events).toEqual([`large ${value.length}`, "complete", "+2\r\n"]);
  });

  test("is gathered if its request does not take it, which is asked once for each", () => {
    const { events, receive } = open([false, false]);
    const reply = bulk(LARGE);
    for (let count = 0; count < 2; count++)
      receive(reply.slice(0, 9), reply.slice(9, 1000), reply.slice(1000));
    const told = [`large ${LARGE_BYTES}`, `${reply.length} bytes`];
    expect(events).toEqual([...told, ...told]);
  });

  test("keeps the pieces that its request keeps", () => {
    const { receive, pieces } = open([true], { keepsPieces: true });
    const reply = bulk(LARGE);
    receive(reply.slice(0, 50_000), reply.slice(50_000));
    expect(Buffer.concat(pieces).toString("latin1") === LARGE).toBe(true);
  });
});

test("nothing is delivered behind the reply at which the connection ends", () => {
  const { events, inbound, receive } = open([false, false], { ended: () => inbound.close() });
  receive("+1\r\n+2\r\n>1\r\n+news\r\n+3");
  expect(events).toEqual(["+1\r\n"]);
});
