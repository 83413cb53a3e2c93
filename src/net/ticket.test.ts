import { describe, expect, test } from "bun:test";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1, utf8 } from "../lib/bytes.ts";
import { BytesValue } from "../lib/large-value.ts";
import { ReplyQueue } from "./reply-queue.ts";
import { Ticket } from "./ticket.ts";

class CountedValue extends BytesValue {
  releases = 0;

  override release(): void {
    this.releases++;
  }
}

const large = (text: string): CountedValue => new CountedValue(utf8(text), 0);

/** Tickets of one queue. */
class Bench {
  readonly queue = new ReplyQueue();
  readonly readable = Promise.resolve();

  ticket({ version = 2 as 0 | 2 | 3, isSuppressed = false } = {}): Ticket {
    const { queue } = this;
    const owner = {
      roomFor: (segment: Ticket): ByteBuffer => queue.roomFor(segment),
      segmentDone: (segment: Ticket): void => void queue.close(segment),
      segmentGrew: (segment: Ticket): void => void queue.drainOpen(segment),
      whenReadable: (): Promise<void> => this.readable,
    };
    const ticket = new Ticket(
      owner as ConstructorParameters<typeof Ticket>[0],
      queue,
      version,
      isSuppressed,
      false,
    );
    queue.open(ticket);
    return ticket;
  }

  /** Sends all that may be sent. */
  send(): string {
    const { queue } = this;
    const sent = new ByteBuffer();
    for (;;) {
      if (queue.readyBytes > 0) {
        sent.append(queue.ready, queue.readyStart, queue.readyStart + queue.readyBytes);
        queue.take(queue.readyBytes);
      }
      const value = queue.large;
      if (value === undefined) return latin1(sent.view());
      value.read(0, value.lengthBytes, sent);
      queue.takeLarge(value.lengthBytes);
    }
  }
}

describe("a reply with large values", () => {
  test.each([
    [2, "*6\r\n+A\r\n$1\r\n1\r\n+B\r\n$2\r\n22\r\n$3\r\n333\r\n+C\r\n"],
    [0, "A\n1\nB\n22\n333\nC\n"],
  ] as const)("keeps their order, and that of what is between them (version %d)", (version, expected) => {
    const bench = new Bench();
    const ticket = bench.ticket({ version });
    const next = bench.ticket({ version });
    next.reply.status("next");
    next.done();
    const values = ["1", "22", "333"].map(large);
    const { reply } = ticket;
    reply.array(6);
    reply.status("A");
    reply.takeLarge(values[0]!);
    reply.status("B");
    reply.takeLarge(values[1]!);
    reply.takeLarge(values[2]!);
    // Later, the reply is asked for again.
    ticket.reply.status("C");
    expect(bench.send()).toBe("");
    ticket.done();
    expect(bench.send()).toBe(`${expected}${version === 0 ? "next\n" : "+next\r\n"}`);
    expect(values.map(({ releases }) => releases)).toEqual([1, 1, 1]);
    expect([bench.queue.isEmpty, bench.queue.openCount, bench.queue.largeBytes]).toEqual([true, 0, 0]);
  });

  test("takes them, in every protocol", () => {
    const bench = new Bench();
    for (const version of [0, 2, 3] as const) expect(bench.ticket({ version }).reply.takesLarge).toBe(true);
  });
});

describe("a reply that its client does not want", () => {
  test("is not sent, nor what it was given", () => {
    const bench = new Bench();
    const ticket = bench.ticket({ isSuppressed: true });
    const value = large("value");
    ticket.reply.array(2);
    ticket.reply.takeLarge(value);
    ticket.reply.status("A");
    ticket.done();
    expect([bench.send(), value.releases, bench.queue.isEmpty]).toEqual(["", 1, true]);
  });

  test("is not sent where it is written at once, or has one byte", () => {
    const bench = new Bench();
    const [first, second] = [bench.ticket({ isSuppressed: true }), bench.ticket({ isSuppressed: true })];
    first.begin().status("A");
    first.done();
    second.buffer.append(utf8("x"));
    second.done();
    expect(bench.send()).toBe("");
  });

  test("is not sent in pieces", () => {
    const bench = new Bench();
    const ticket = bench.ticket({ isSuppressed: true });
    ticket.reply.status("A");
    void ticket.flush();
    expect([bench.send(), ticket.length]).toEqual(["", 0]);
  });
});

test("a reply in pieces is sent as it comes, and its writer told when to go on", () => {
  const bench = new Bench();
  const ticket = bench.ticket();
  ticket.reply.array(2);
  ticket.reply.status("A");
  expect(ticket.flush()).toBe(bench.readable);
  expect(bench.send()).toBe("*2\r\n+A\r\n");
  ticket.reply.status("B");
  ticket.done();
  expect(bench.send()).toBe("+B\r\n");
});
