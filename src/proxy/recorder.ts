import {
  encodeBlock,
  RECORDED_DELETE,
  RECORDED_READ,
  RECORDED_WRITE,
  RecordingBlock,
  WAS_HIT,
} from "../instruments/recording.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import type { KeyRef } from "../lib/key-ref.ts";
import type { Log } from "../lib/log.ts";
import { formatSize } from "../lib/quantity.ts";
import { systemTimers, type Timer, type Timers } from "../lib/timers.ts";
import type { CacheObserver } from "./cache-observer.ts";
import type { BlockSink, RecordingSettings } from "./recording-file.ts";

/** Records of a block, and blocks in memory: when the disk has not kept up with all of these, records are dropped. */
const BLOCK_RECORDS = 4096;
const BLOCKS = 16;
/** Room for the keys of a block. */
const BLOCK_KEY_BYTES = 256 * 1024;
/** A block is written when it is full, and at the latest after twice this time. */
const FLUSH_INTERVAL_MS = 1000;

export interface RecorderOptions {
  readonly settings: RecordingSettings;
  readonly sink: BlockSink;
  /** Number of this thread. */
  readonly writer: number;
  readonly log: Log;
  /** The system's by default. */
  readonly timers?: Timers;
}

/**
 * Records what clients ask one thread of the proxy for. To record is a few stores into memory set aside; blocks are
 * encoded and written in between, one at a time. A disk that is too slow costs records, which are counted, and never
 * time.
 */
export class Recorder implements CacheObserver {
  /** Records that found no room. */
  dropped = 0;
  readonly #options: RecorderOptions;
  readonly #used: BigInt64Array;
  readonly #blocks: RecordingBlock[];
  readonly #timer: Timer;
  /** Reads of the open block whose value may still come. */
  #unanswered = 0;
  /** The open block has waited for them once. */
  #hasWaited = false;
  /** The block that records go into. Blocks are counted from 0; number n lies at n modulo `BLOCKS`. */
  #open = 0;
  /** The first block that is not encoded yet. */
  #unwritten = 0;
  /** Of `dropped`, those that the file tells of. */
  #droppedTold = 0;
  #isStopped = false;
  #writing: Promise<void> | undefined;

  constructor(options: RecorderOptions) {
    this.#options = options;
    this.#used = new BigInt64Array(options.settings.usedBytes);
    const keyBytes = options.settings.holdsKeys ? BLOCK_KEY_BYTES : 0;
    this.#blocks = Array.from({ length: BLOCKS }, () => new RecordingBlock(BLOCK_RECORDS, keyBytes));
    const { timers = systemTimers } = options;
    this.#timer = timers.every(FLUSH_INTERVAL_MS, () => this.#flushInTime());
  }

  hit(key: KeyRef, valueBytes: number, nowMs: number): void {
    this.#add(RECORDED_READ | WAS_HIT, key, valueBytes, nowMs);
  }

  /** @returns the record's place, which gets its size when the origin has answered; -1: there is none */
  missed(key: KeyRef, nowMs: number): number {
    const place = this.#add(RECORDED_READ, key, 0, nowMs);
    if (place >= 0) this.#unanswered++;
    return place;
  }

  /** Nothing happens when the record's block has been written already. */
  answered(place: number, valueBytes: number, remainingMs: number): void {
    const number = Math.floor(place / BLOCK_RECORDS);
    if (place < 0 || number < this.#unwritten) return;
    if (number === this.#open) this.#unanswered--;
    const block = this.#blocks[number % BLOCKS]!;
    const i = place % BLOCK_RECORDS;
    block.size[i] = valueBytes;
    if (remainingMs > 0) block.ttlMs[i] = remainingMs;
  }

  wrote(key: KeyRef, removes: boolean, nowMs: number): void {
    this.#add(removes ? RECORDED_DELETE : RECORDED_WRITE, key, 0, nowMs);
  }

  // What clients ask is all that is recorded.
  coalesced(): void {}
  filled(): void {}
  refused(): void {}
  invalidated(): void {}
  invalidatedAll(): void {}

  /** Writes what there is, and ends. */
  async close(): Promise<void> {
    this.#timer.stop();
    if (this.#writing !== undefined) await this.#writing;
    this.#flush();
    if (this.#writing !== undefined) await this.#writing;
    if (this.dropped > 0) {
      this.#options.log.warn(
        `recording to ${this.#options.settings.path}: ${this.dropped} requests were left out, the disk was too slow`,
      );
    }
    this.#stop();
    this.#options.sink.close();
  }

  /** @returns the record's place; -1: there is none */
  #add(flags: number, { bytes, start, end }: KeyRef, size: number, nowMs: number): number {
    if (this.#isStopped) return -1;
    let block = this.#blocks[this.#open % BLOCKS]!;
    if (!block.hasRoom(end - start)) {
      if (!this.#turnOver()) {
        this.dropped++;
        return -1;
      }
      block = this.#blocks[this.#open % BLOCKS]!;
    }
    block.add(flags, nowMs, 0, 0, size, 0);
    block.addKey(bytes, start, end);
    return this.#open * BLOCK_RECORDS + block.count - 1;
  }

  /** Begins the next block. @returns false when none is free */
  #turnOver(): boolean {
    if (this.#open + 1 - this.#unwritten >= BLOCKS) return false;
    this.#open++;
    this.#unanswered = 0;
    this.#hasWaited = false;
    this.#blocks[this.#open % BLOCKS]!.count = 0;
    // Not now: whoever asks is in the middle of a request.
    this.#writing ??= this.#writeBlocks();
    return true;
  }

  /** Waits once for the sizes of values that are on their way. */
  #flushInTime(): void {
    const waits = this.#unanswered > 0 && !this.#hasWaited;
    if (waits) this.#hasWaited = true;
    else this.#flush();
  }

  #flush(): void {
    if (this.#blocks[this.#open % BLOCKS]!.count > 0) this.#turnOver();
  }

  async #writeBlocks(): Promise<void> {
    const { sink, writer, settings, log } = this.#options;
    const out = new ByteBuffer(BLOCK_RECORDS * 16);
    try {
      while (this.#unwritten < this.#open && !this.#isStopped) {
        await nextTurn();
        out.clear();
        const dropped = this.dropped - this.#droppedTold;
        encodeBlock(this.#blocks[this.#unwritten % BLOCKS]!, dropped, writer, out);
        this.#unwritten++;
        if (!this.#reserve(out.length)) {
          log.warn(
            `recording to ${settings.path} has ended: its limit of ${formatSize(settings.limitBytes)} is reached`,
          );
          this.#stop();
          return;
        }
        this.#droppedTold += dropped;
        await sink.append(out.view());
      }
    } catch (error) {
      log.error(
        `recording to ${settings.path} has ended: ${error instanceof Error ? error.message : String(error)}`,
      );
      this.#stop();
    } finally {
      this.#writing = undefined;
    }
  }

  /** Whether so many more bytes stay within the limit; they are counted then. */
  #reserve(bytes: number): boolean {
    const before = Number(Atomics.add(this.#used, 0, BigInt(bytes)));
    if (before + bytes <= this.#options.settings.limitBytes) return true;
    Atomics.sub(this.#used, 0, BigInt(bytes));
    return false;
  }

  #stop(): void {
    this.#isStopped = true;
    this.#timer.stop();
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
