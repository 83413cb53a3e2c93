import { expect, test } from "bun:test";
import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";
import { ManualClock } from "../lib/clock.ts";
import { ReplyQueue, Segment } from "./reply-queue.ts";
import { Sender } from "./sender.ts";

const SLICE_BYTES = 64 * 1024;

/** A value of so many bytes. */
class Filled implements LargeValue {
  readonly heldBytes = 0;
  readonly lengthBytes: number;

  constructor(lengthBytes: number) {
    this.lengthBytes = lengthBytes;
  }

  read(_offset: number, count: number, target: ByteBuffer): boolean {
    target.append(new Uint8Array(count));
    return true;
  }

  release(): void {}
}

/** A sender to a system that takes `room` bytes in all, or fails if that is negative. */
function open(room: number) {
  const clock = new ManualClock();
  const queue = new ReplyQueue(() => {});
  const totals = { bytesSent: 0 };
  const system = {
    room,
    mostAtOnce: Number.POSITIVE_INFINITY,
    write(_bytes: Uint8Array, _start: number, length: number): number {
      if (system.room < 0) return -1;
      const taken = Math.min(length, system.room, system.mostAtOnce);
      system.room -= taken;
      return taken;
    },
  };
  const sender = new Sender(system, queue, clock, totals, new ByteBuffer(SLICE_BYTES));
  const add = (bytes: number) => queue.add(new Uint8Array(bytes), 0, bytes);
  const addLarge = (bytes: number) => {
    const segment = new Segment(true);
    queue.open(segment);
    const part = queue.continueLarge(segment, new Filled(bytes))!;
    queue.close(segment);
    queue.close(part);
  };
  return { clock, queue, totals, system, sender, add, addLarge };
}

test("a client is blocked from when bytes wait, again from each time that it takes some, until it has taken all", () => {
  const { clock, queue, totals, system, sender, add } = open(0);
  const startMs = clock.monotonicMs();
  expect(sender.blockedSinceMs).toBe(-1);
  add(10);
  sender.flush();
  expect(sender.blockedSinceMs).toBe(startMs);
  clock.advance(5);
  sender.flush();
  expect(sender.blockedSinceMs).toBe(startMs);
  system.room = 4;
  sender.flush();
  expect([sender.blockedSinceMs, queue.readyBytes, totals.bytesSent]).toEqual([startMs + 5, 6, 4]);
  clock.advance(5);
  system.room = -1;
  sender.flush();
  expect([sender.blockedSinceMs, queue.readyBytes, totals.bytesSent]).toEqual([startMs + 5, 6, 4]);
  system.room = 6;
  sender.flush();
  expect([sender.blockedSinceMs, queue.readyBytes, totals.bytesSent]).toEqual([-1, 0, 10]);
});

test("also if the first bytes were written past the queue", () => {
  const { clock, queue, sender } = open(0);
  clock.advance(7);
  sender.keep(new Uint8Array(8), 3, 8);
  expect([sender.blockedSinceMs, queue.readyBytes]).toEqual([clock.monotonicMs(), 5]);
});

test("also while it takes nothing of a large value", () => {
  const { clock, queue, totals, system, sender, addLarge } = open(0);
  addLarge(100);
  const startMs = clock.monotonicMs();
  sender.flush();
  clock.advance(5);
  sender.flush();
  expect([sender.blockedSinceMs, queue.largeSent]).toEqual([startMs, 0]);
  system.room = 30;
  sender.flush();
  expect([sender.blockedSinceMs, queue.largeSent]).toEqual([startMs + 5, 30]);
  system.room = 70;
  expect(sender.flush()).toBe("done");
  expect([sender.blockedSinceMs, queue.largeBytes, totals.bytesSent]).toEqual([-1, 0, 100]);
});

test("large values are sent half a megabyte a turn, of all replies together", () => {
  const turn = 512 * 1024;
  const { totals, sender, addLarge, add } = open(Number.POSITIVE_INFINITY);
  addLarge(turn - 1);
  add(10);
  addLarge(turn);
  expect(sender.flush()).toBe("more");
  expect(totals.bytesSent).toBe(turn + 10);
  expect(sender.flush()).toBe("done");
  expect(totals.bytesSent).toBe(2 * turn + 9);
});

test("a large value waits for the bytes before it", () => {
  const { queue, system, totals, sender, add, addLarge } = open(Number.POSITIVE_INFINITY);
  system.mostAtOnce = 3;
  add(5);
  addLarge(100);
  expect(sender.flush()).toBe("done");
  expect([totals.bytesSent, queue.largeSent]).toEqual([3, 0]);
  system.mostAtOnce = 1000;
  sender.flush();
  expect(totals.bytesSent).toBe(105);
});
