import { ByteBuffer } from "../lib/byte-buffer.ts";

/**
 * The one place that keeps pipelined replies in order. A request that cannot be answered at once takes a ticket,
 * which holds its place; whatever is answered behind it waits in a segment until the ticket is done.
 */
export class ReplyQueue {
  /** Bytes that may be sent now: everything before them has been answered. */
  readonly ready = new ByteBuffer(0);
  /** Tickets not done yet. */
  openCount = 0;
  /** Bytes waiting behind an open ticket. */
  waitingBytes = 0;
  #head: Segment | undefined;
  #tail: Segment | undefined;

  get isEmpty(): boolean {
    return this.#head === undefined;
  }

  /** Adds bytes that are complete. */
  add(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    if (this.#head === undefined) {
      this.ready.append(bytes, start, end);
      return;
    }
    let segment = this.#tail!;
    if (segment.open) {
      segment = new Segment(false);
      this.#push(segment);
    }
    segment.buffer.append(bytes, start, end);
    this.waitingBytes += end - start;
  }

  /** Takes a place in the order, to be filled and closed later. */
  open(): Segment {
    const segment = new Segment(true);
    this.#push(segment);
    this.openCount++;
    return segment;
  }

  /** The bytes of `segment` are complete; moves what has become sendable to `ready`. @returns whether any has */
  close(segment: Segment): boolean {
    if (!segment.open) return false;
    segment.open = false;
    this.openCount--;
    this.waitingBytes += segment.buffer.length;
    return this.#advance();
  }

  /** Moves what an open segment holds so far to `ready` if it is its turn: for replies that are streamed. */
  drainOpen(segment: Segment): boolean {
    if (this.#head !== segment || segment.buffer.length === 0) return false;
    this.ready.append(segment.buffer.bytes, 0, segment.buffer.length);
    segment.buffer.clear();
    return true;
  }

  #push(segment: Segment): void {
    if (this.#tail === undefined) this.#head = segment;
    else this.#tail.next = segment;
    this.#tail = segment;
  }

  #advance(): boolean {
    let moved = false;
    for (let head = this.#head; head !== undefined && !head.open; head = head.next) {
      this.ready.append(head.buffer.bytes, 0, head.buffer.length);
      this.waitingBytes -= head.buffer.length;
      moved = true;
      this.#head = head.next;
      if (head.next === undefined) this.#tail = undefined;
    }
    return moved;
  }
}

/** A run of reply bytes in its place among others; open while it is being written. */
export class Segment {
  readonly buffer = new ByteBuffer(0);
  open: boolean;
  next: Segment | undefined;

  constructor(open: boolean) {
    this.open = open;
  }
}
