import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";

/** A buffer larger than this is given back once it is empty. */
const KEEP_BYTES = 16 * 1024;

/**
 * The one place that keeps pipelined replies in order. A request that cannot be answered at once takes a ticket,
 * which holds its place; whatever is answered behind it waits in a segment until the ticket is done.
 */
export class ReplyQueue {
  /** Tickets not done yet. */
  openCount = 0;
  /** Bytes waiting behind an open ticket. */
  waitingBytes = 0;
  /** Bytes of large values still to be sent, which lie where they are until then. */
  largeBytes = 0;
  /** Bytes that may be sent: everything before them has been answered. `#sent` of them have been. */
  readonly #ready = new ByteBuffer(0);
  #sent = 0;
  #head: Segment | undefined;
  #tail: Segment | undefined;
  #isDiscarded = false;
  readonly #grew: () => void;

  /** @param grew called when there is more to be sent of a large value, and when one has been lost */
  constructor(grew: () => void = () => {}) {
    this.#grew = grew;
  }

  /** Whether no reply is outstanding and none waits behind one; some may still be to be sent. */
  get isEmpty(): boolean {
    return this.#head === undefined;
  }

  /** Bytes that may be sent now. */
  get readyBytes(): number {
    return this.#ready.length - this.#sent;
  }

  /** What may be sent now: `readyBytes` of these from `readyStart` on, valid until the next call. */
  get ready(): Uint8Array {
    return this.#ready.bytes;
  }

  get readyStart(): number {
    return this.#sent;
  }

  /** The first `count` of the bytes that may be sent have been. */
  take(count: number): void {
    this.#sent += count;
    if (this.#sent === this.#ready.length) {
      this.#ready.clear(KEEP_BYTES);
      this.#sent = 0;
    } else if (this.#sent >= this.#ready.length / 2) {
      // Not at each call: with a slow reader that would move a large reply a hundred times.
      this.#ready.discard(this.#sent);
      this.#sent = 0;
    }
  }

  /** Adds bytes that are complete. */
  add(bytes: Uint8Array, start: number, end: number): void {
    if (start === end) return;
    if (this.#head === undefined) {
      this.#ready.append(bytes, start, end);
      return;
    }
    let segment = this.#tail!;
    if (segment.open || segment.large !== undefined) {
      segment = new Segment(false);
      this.#push(segment);
    }
    segment.buffer.append(bytes, start, end);
    this.waitingBytes += end - start;
  }

  /** Adds a large value, which is released once it has been sent, and what comes right behind it. */
  addLarge(value: LargeValue, tail: Uint8Array): void {
    const segment = new Segment(false);
    segment.large = { value, sent: 0 };
    segment.buffer.append(tail);
    this.#push(segment);
    this.largeBytes += value.lengthBytes;
    this.waitingBytes += tail.length;
  }

  /**
   * Puts a large value behind `segment`, which is open, as a part of the same reply.
   * @returns where what comes behind it is written, to be closed after `segment`; undefined where nothing will be sent
   * any more: the value has been released
   */
  continueLarge(segment: Segment, value: LargeValue): Segment | undefined {
    if (this.#isDiscarded || !segment.open) {
      value.release();
      return undefined;
    }
    value.onChange = this.#grew;
    const part = new Segment(true);
    part.continues = true;
    part.large = { value, sent: 0 };
    part.next = segment.next;
    segment.next = part;
    if (part.next === undefined) this.#tail = part;
    this.openCount++;
    this.largeBytes += value.lengthBytes;
    return part;
  }

  /** Bytes of large values that wait in memory for the client, outside of the cache. */
  get heldBytes(): number {
    if (this.largeBytes === 0) return 0;
    let held = 0;
    for (let segment = this.#head; segment !== undefined; segment = segment.next) {
      held += segment.large?.value.heldBytes ?? 0;
    }
    return held;
  }

  /** The large value whose turn it is, since everything before it has been sent. */
  get large(): LargeValue | undefined {
    return this.readyBytes === 0 ? this.#head?.large?.value : undefined;
  }

  /** So many bytes of `large` have been sent. */
  get largeSent(): number {
    return this.#head!.large!.sent;
  }

  /** `count` more bytes of `large` have been sent. */
  takeLarge(count: number): void {
    const head = this.#head!;
    const large = head.large!;
    large.sent += count;
    this.largeBytes -= count;
    if (large.sent < large.value.lengthBytes) return;
    head.large = undefined;
    large.value.release();
    this.#advance();
  }

  /**
   * Adds bytes that come before the replies outstanding, but not into a large one, of which a part may have been sent.
   * None of the others may be streamed.
   */
  addAhead(bytes: Uint8Array, start: number, end: number): void {
    let before = this.#head;
    if (before?.large === undefined) {
      this.#ready.append(bytes, start, end);
      return;
    }
    while (before.next?.continues === true || before.next instanceof AheadSegment) before = before.next;
    const segment = new AheadSegment(false);
    segment.buffer.append(bytes, start, end);
    segment.next = before.next;
    before.next = segment;
    if (segment.next === undefined) this.#tail = segment;
    this.waitingBytes += end - start;
  }

  /** Lets go of everything: nothing will be sent any more. */
  discard(): void {
    this.#isDiscarded = true;
    for (let segment = this.#head; segment !== undefined; segment = segment.next) this.#letGo(segment);
  }

  /** `segment` takes its place in the order, to be filled and closed later. */
  open(segment: Segment): void {
    this.#push(segment);
    this.openCount++;
  }

  /** Where a segment that is then closed at once is written: what may be sent already, if it is its turn. */
  roomFor(segment: Segment): ByteBuffer {
    return this.#head === segment && segment.length === 0 ? this.#ready : segment.buffer;
  }

  /** The bytes of `segment` are complete; moves what has become sendable to `ready`. @returns whether any has */
  close(segment: Segment): boolean {
    if (!segment.open) return false;
    segment.open = false;
    this.openCount--;
    this.waitingBytes += segment.length;
    return this.#advance();
  }

  /** Moves what an open segment holds so far to `ready` if it is its turn: for replies that are streamed. */
  drainOpen(segment: Segment): boolean {
    if (this.#head !== segment || segment.length === 0) return false;
    this.#ready.append(segment.buffer.bytes, 0, segment.buffer.length);
    segment.buffer.clear();
    return true;
  }

  /** Drops everything behind `segment`, which is open; what is written there later goes nowhere. */
  cutBehind(segment: Segment): void {
    for (let next = segment.next; next !== undefined; next = next.next) {
      if (next.open) this.openCount--;
      else this.waitingBytes -= next.length;
      next.open = false;
      this.#letGo(next);
    }
    segment.next = undefined;
    this.#tail = segment;
  }

  #letGo(segment: Segment): void {
    const { large } = segment;
    if (large === undefined) return;
    this.largeBytes -= large.value.lengthBytes - large.sent;
    segment.large = undefined;
    large.value.release();
  }

  #push(segment: Segment): void {
    if (this.#tail === undefined) this.#head = segment;
    else this.#tail.next = segment;
    this.#tail = segment;
  }

  #advance(): boolean {
    let moved = false;
    for (let head = this.#head; head !== undefined && !head.open; head = this.#head) {
      if (head.large !== undefined) break;
      if (head.length > 0) {
        this.#ready.append(head.buffer.bytes, 0, head.length);
        this.waitingBytes -= head.length;
      }
      moved = true;
      this.#head = head.next;
      // Or one that has survived a collection would keep all that came after it alive.
      head.next = undefined;
    }
    if (this.#head === undefined) this.#tail = undefined;
    return moved;
  }
}

/** A run of reply bytes in its place among others; open while it is being written. */
export class Segment {
  open: boolean;
  next: Segment | undefined = undefined;
  /** What is to be sent before the bytes of the buffer, and how much of it has been. */
  large: { readonly value: LargeValue; sent: number } | undefined = undefined;
  /** It is a part of the same reply as the one before: nothing may come in between. */
  continues = false;
  #buffer: ByteBuffer | undefined = undefined;

  constructor(open: boolean) {
    this.open = open;
  }

  get buffer(): ByteBuffer {
    this.#buffer ??= new ByteBuffer(0);
    return this.#buffer;
  }

  /** Bytes in the buffer. */
  get length(): number {
    return this.#buffer === undefined ? 0 : this.#buffer.length;
  }
}

/** Bytes that did not wait for the replies before them. */
class AheadSegment extends Segment {}
