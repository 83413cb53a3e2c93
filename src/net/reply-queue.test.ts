import { expect, test } from "bun:test";
import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";
import { utf8 } from "../lib/bytes.ts";
import { ReplyQueue, Segment } from "./reply-queue.ts";
import { Sender } from "./sender.ts";

/** A value of which the test decides how much has come. */
class Coming implements LargeValue {
  readonly lengthBytes: number;
  readonly heldBytes: number;
  availableBytes: number;
  onChange: (() => void) | undefined;
  isLost = false;
  releases = 0;
  readonly #text: string;

  constructor(text: string, availableBytes: number, heldBytes = 0) {
    this.#text = text;
    this.availableBytes = availableBytes;
    this.heldBytes = heldBytes;
    this.lengthBytes = text.length;
  }

  read(offset: number, count: number, target: ByteBuffer): boolean {
    target.append(utf8(this.#text.slice(offset, offset + count)));
    return !this.isLost;
  }

  release(): void {
    this.releases++;
  }
}

/** A queue and the way out of it; what was sent is `sent`. */
function open(): { queue: ReplyQueue; sender: Sender; sent: () => string; changes: () => number } {
  let text = "";
  let changes = 0;
  const sink = {
    write(bytes: Uint8Array, start: number, length: number): number {
      text += Buffer.from(bytes.subarray(start, start + length)).toString();
      return length;
    },
  };
  const queue = new ReplyQueue(() => changes++);
  const clock = { monotonicMs: () => 0 };
  const sender = new Sender(sink, queue, clock, { bytesSent: 0 }, new ByteBuffer(16));
  return { queue, sender, sent: () => text, changes: () => changes };
}

function add(queue: ReplyQueue, text: string): void {
  queue.add(utf8(text), 0, text.length);
}

/** A reply of several parts, each value followed by a tail. */
function reply(queue: ReplyQueue, head: string, ...values: Coming[]): void {
  const segment = new Segment(true);
  queue.open(segment);
  segment.buffer.append(utf8(head));
  const parts: Segment[] = [];
  for (const value of values) {
    const part = queue.continueLarge(parts.at(-1) ?? segment, value)!;
    part.buffer.append(utf8("|"));
    parts.push(part);
  }
  for (const part of [segment, ...parts]) queue.close(part);
}

test("a reply is sent as far as its values have come, and what is behind it waits", () => {
  const { queue, sender, sent, changes } = open();
  const [a, b] = [new Coming("aaaaaa", 2), new Coming("bbb", 0)];
  reply(queue, "[", a, b);
  add(queue, "behind");
  expect(sender.flush()).toBe("done");
  expect(sent()).toBe("[aa");
  a.availableBytes = 6;
  a.onChange!();
  expect(changes()).toBe(1);
  sender.flush();
  expect(sent()).toBe("[aaaaaa|");
  expect([a.releases, b.releases]).toEqual([1, 0]);
  b.availableBytes = 3;
  sender.flush();
  expect(sent()).toBe("[aaaaaa|bbb|behind");
  expect([queue.isEmpty, queue.openCount, queue.waitingBytes, queue.largeBytes]).toEqual([true, 0, 0, 0]);
});

test("a value that is lost is found out also when nothing more of it has come", () => {
  const { queue, sender } = open();
  const value = new Coming("aaaaaa", 2);
  reply(queue, "[", value);
  expect(sender.flush()).toBe("done");
  value.isLost = true;
  expect(sender.flush()).toBe("lost");
});

test("what comes ahead of the replies outstanding does not come into the midst of one", () => {
  const { queue, sender, sent } = open();
  const [a, b] = [new Coming("aaaaaa", 2), new Coming("bbb", 3)];
  reply(queue, "[", a, b);
  add(queue, "behind");
  sender.flush();
  queue.addAhead(utf8("(1)"), 0, 3);
  queue.addAhead(utf8("(2)"), 0, 3);
  a.availableBytes = 6;
  sender.flush();
  expect(sent()).toBe("[aaaaaa|bbb|(1)(2)behind");
});

test("values are released when nothing will be sent any more, and none is taken then", () => {
  const { queue } = open();
  const [a, b, late] = [new Coming("a", 1, 5), new Coming("b", 1, 7), new Coming("c", 1)];
  const segment = new Segment(true);
  queue.open(segment);
  queue.continueLarge(queue.continueLarge(segment, a)!, b);
  expect(queue.heldBytes).toBe(12);
  queue.discard();
  expect(queue.continueLarge(segment, late)).toBeUndefined();
  expect([a.releases, b.releases, late.releases]).toEqual([1, 1, 1]);
  expect(queue.heldBytes).toBe(0);
});
