import { ByteBuffer, type LargeValue } from "../lib/byte-buffer.ts";

/** A larger buffer is freed when it becomes empty. */
const KEEP_BYTES = 16 * 1024;
/** The first size of a segment's buffer: most replies that wait for others are short. */
const SEGMENT_BYTES = 64;

/**
 * Keeps pipelined replies in order; no other code does. A request that cannot be answered at once takes a ticket, which
 * keeps its place. Replies to later requests wait in segments until the ticket is done.
 */
export class ReplyQueue {
  /** Tickets not done yet. */
  openCount = 0;
  /** Bytes waiting behind an open ticket. */
  waitingBytes = 0;
  /** Bytes of large values still to be sent. They stay in the cache until then. */
  largeBytes = 0;
  /** Bytes that may be sent, because every earlier request has been answered. The first `#sent` have been sent. */
  readonly #ready = new ByteBuffer(0);
  #sent = 0;
  #head: Segment | undefined;
  #tail: Segment | undefined;
  #isDiscarded = false;
  readonly #grew: () => void;

  /** @param grew called when more of a large value has come, or when a large value has been lost */
  constructor(grew: () => void = () => {}) {
    this.#grew = grew;
  }

  /** Whether all requests have been answered. Bytes may still wait to be sent. */
  get isEmpty(): boolean {
    return this.#head === undefined;
  }

  /** Bytes that may be sent now. */
  get readyBytes(): number {
    return this.#ready.length - this.#sent;
  }

  /** The bytes that may be sent now: `readyBytes` of them, from `readyStart`. Valid until the next call. */
  get ready(): Uint8Array {
    return this.#ready.bytes;
  }

  get readyStart(): number {
    return this.#sent;
  }

  /** Removes the first `count` bytes that may be sent: they have been sent. */
  take(count: number): void {
    this.#sent += count;
    if (this.#sent === this.#ready.length) {
      this.#ready.clear(KEEP_BYTES);
      this.#sent = 0;
    } else if (this.#sent >= this.#ready.length / 2) {
      // Not at each call, or a large reply to a slow client would be moved a hundred times.
      this.#ready.discard(this.#sent);
      this.#sent = 0;
    }
  }

  /** Appends complete replies. */
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

  /** Appends a large value and the bytes that follow it. Releases the value once it has been sent. */
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
   * @returns a segment for the rest of the reply, to be closed after `segment`. Undefined if nothing will be sent any
   * more; the value has been released then.
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

  /** Bytes of large values that wait for the client in memory outside the cache. */
  get heldBytes(): number {
    if (this.largeBytes === 0) return 0;
    let held = 0;
    for (let segment = this.#head; segment !== undefined; segment = segment.next) {
      held += segment.large?.value.heldBytes ?? 0;
    }
    return held;
  }

  /** The large value to send now: everything before it has been sent. */
  get large(): LargeValue | undefined {
    return this.readyBytes === 0 ? this.#head?.large?.value : undefined;
  }

  /** How many bytes of `large` have been sent. */
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
   * Puts bytes before the outstanding replies. If the first of these has a large value, the bytes go behind that reply,
   * because a part of it may have been sent. None of the others may be streamed.
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

  /** Drops everything. Nothing is sent any more. */
  discard(): void {
    this.#isDiscarded = true;
    for (let segment = this.#head; segment !== undefined; segment = segment.next) this.#letGo(segment);
  }

  /** Gives `segment` its place in the order. It is filled and closed later. */
  open(segment: Segment): void {
    this.#push(segment);
    this.openCount++;
  }

  /** Where to write a segment that is closed right after: the sendable bytes if it is its turn, else its buffer. */
  roomFor(segment: Segment): ByteBuffer {
    return this.#head === segment && segment.length === 0 ? this.#ready : segment.buffer;
  }

  /** Completes `segment`. Moves segments that may be sent now to `ready`. @returns whether there were any */
  close(segment: Segment): boolean {
    if (!segment.open) return false;
    segment.open = false;
    this.openCount--;
    this.waitingBytes += segment.length;
    return this.#advance();
  }

  /** Moves the bytes of an open segment to `ready` if it is its turn. For streamed replies. */
  drainOpen(segment: Segment): boolean {
    if (this.#head !== segment || segment.length === 0) return false;
    this.#ready.append(segment.buffer.bytes, 0, segment.buffer.length);
    segment.buffer.clear();
    return true;
  }

  /** Drops all segments behind `segment`, which is open. Bytes written to them later are not sent. */
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
      // If this segment has become old for the collector, it would keep all later segments alive.
      head.next = undefined;
    }
    if (this.#head === undefined) this.#tail = undefined;
    return moved;
  }
}

/** A run of reply bytes at its place in the order. Open while it is being written. */
export class Segment {
  open: boolean;
  next: Segment | undefined = undefined;
  /** A large value to send before the buffer, and how much of it has been sent. */
  large: { readonly value: LargeValue; sent: number } | undefined = undefined;
  /** A part of the same reply as the segment before: nothing may come in between. */
  continues = false;
  #buffer: ByteBuffer | undefined = undefined;

  constructor(open: boolean) {
    this.open = open;
  }

  get buffer(): ByteBuffer {
    this.#buffer ??= new ByteBuffer(SEGMENT_BYTES);
    return this.#buffer;
  }

  /** Bytes in the buffer. */
  get length(): number {
    return this.#buffer === undefined ? 0 : this.#buffer.length;
  }
}

/** Bytes that did not wait for the replies before them. */
class AheadSegment extends Segment {}
