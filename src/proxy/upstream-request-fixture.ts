/** What a request to the origin has around it. What it does with that is noted, in order. */
import { Histogram } from "../instruments/histogram.ts";
import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";
import { latin1, utf8 } from "../lib/bytes.ts";
import type { Ticket } from "../net/ticket.ts";
import { ReplyReader } from "../protocol/reply-reader.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import { TextWriter } from "../protocol/text-writer.ts";
import type { Fenced } from "../upstream/fenced.ts";
import type { Upstream, UpstreamRequest } from "../upstream/upstream-request.ts";
import type { Fence } from "./fence.ts";
import type { PendingRequest } from "./pending-request.ts";
import { ProxyStats } from "./proxy-stats.ts";
import { RESULTS } from "./request-results.ts";

export class RequestBench {
  /** The round trips of requests other than misses. */
  readonly roundTrips = new Histogram();
  readonly stats = new ProxyStats(
    (name) => (name === "otherRoundTripMicros" ? this.roundTrips : new Histogram()),
    () => 0,
    { next: () => 0.5 },
    { log: undefined as never, index: 0, settings: { slowerThanMs: 10, slowRequests: 1 }, wallMs: () => 0 },
  );
  readonly ticket: Ticket;
  readonly pending: PendingRequest;
  readonly fence: Fence;
  /** The large value that the client's reply contains. */
  large: LargeValue | undefined;
  readonly #notes: string[] = [];
  readonly #fences: (() => void)[] = [];
  readonly #names = new Map<Fenced, string>();
  /** Whether the reply was begun as one that is written at once. */
  #isBegun = false;

  /** @param version of the client's RESP; 0: the text protocol */
  constructor(version: 0 | 2 | 3) {
    const buffer = new ByteBuffer();
    const reply = version === 0 ? new TextWriter(buffer) : new RespWriter(buffer, version);
    reply.largeTaker = {
      acceptsLarge: true,
      takeLarge: (value) => {
        this.large = value;
      },
    };
    const ticket = {
      ...{ buffer, reply },
      begin: () => {
        this.#isBegun = true;
        return reply;
      },
      done: () => {
        this.#isBegun = false;
        this.note(`shown ${latin1(buffer.view()).replaceAll("\r\n", "|")}`);
      },
    };
    this.ticket = ticket as unknown as Ticket;
    const pending = {
      answered: (_exchange: unknown, rest?: string) => this.note(`answered ${rest ?? "whole"}`),
      ended: (result: number, nowMs?: number) => this.note(`${RESULTS[result]} at ${nowMs ?? "now"}`),
    };
    this.pending = pending as unknown as PendingRequest;
    const fence = {
      pass: (fenced: Fenced, then: () => void) => {
        if (this.#isBegun) throw new Error("the reply that was to be written at once waits");
        this.note(`awaits ${this.#names.get(fenced)}`);
        this.#fences.push(then);
      },
    };
    this.fence = fence as unknown as Fence;
  }

  readonly note = (text: string): void => {
    this.#notes.push(text);
  };

  /** Returns what was done since the last call. */
  done(): string[] {
    return this.#notes.splice(0);
  }

  node(name: string): Fenced {
    const node = { fence: () => {} };
    this.#names.set(node, name);
    return node;
  }

  passFences(): void {
    for (const then of this.#fences.splice(0)) then();
  }

  /** A connection; requests that are sent over it are noted. */
  connection(name: string): Upstream {
    const out = new ByteBuffer();
    const enqueue = (request: UpstreamRequest, timeoutMs?: number): void => {
      const text = latin1(out.view());
      this.note(`${name} gets ${text} (${request.repliesAwaited}, ${timeoutMs ?? "usual time-out"})`);
      out.clear();
    };
    return { out, timeoutMs: 100, enqueue };
  }

  /** Delivers a reply that lies between other bytes. `|` stands for the end of a line. */
  reply(request: UpstreamRequest, text: string): void {
    const raw = text.replaceAll("|", "\r\n");
    const bytes = utf8(`xyz${raw}xyz`);
    const reader = new ReplyReader();
    const end = reader.next(bytes, 3, bytes.length);
    request.answeredMs = 17;
    request.reply(bytes, 3, end, reader);
  }
}
