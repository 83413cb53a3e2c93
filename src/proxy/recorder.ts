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

/** Records per block, and blocks in memory. If the disk falls behind by all of them, records are dropped. */
const BLOCK_RECORDS = 4096;
const BLOCKS = 16;
/** Room for the keys of a block. */
const BLOCK_KEY_BYTES = 256 * 1024;
/** A block is written when it is full, and after at most twice this time. */
const FLUSH_INTERVAL_MS = 1000;

export interface RecorderOptions {
  readonly settings: RecordingSettings;
  readonly sink: BlockSink;
  /** The number of this thread. */
  readonly writer: number;
  readonly log: Log;
  /** The system's by default. */
  readonly timers?: Timers;
}

/**
 * Records the requests of clients to one thread of the proxy. Recording is a few stores into preallocated memory.
 * Blocks are encoded and written in between, one at a time. A disk that is too slow costs records, which are counted,
 * but never time.
 */
export class Recorder implements CacheObserver {
  /** Records that found no room. */
  dropped = 0;
  readonly #options: RecorderOptions;
  readonly #used: BigInt64Array;
  readonly #blocks: RecordingBlock[];
  readonly #timer: Timer;
  /** Reads of the open block whose values may still come. */
  #unanswered = 0;
  /** Whether the open block has waited for them once. */
  #hasWaited = false;
  /** The block for new records. Blocks count from 0; block n lies at n modulo `BLOCKS`. */
  #open = 0;
  /** The first block that is not encoded yet. */
  #unwritten = 0;
  /** The part of `dropped` that the file already reports. */
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

  /** @returns the place of the record, which gets its size once the origin has answered; -1: none */
  missed(key: KeyRef, nowMs: number): number {
    const place = this.#add(RECORDED_READ, key, 0, nowMs);
    if (place >= 0) this.#unanswered++;
    return place;
  }

  /** Does nothing if the block of the record has already been written. */
  answered(_hash: number, place: number, valueBytes: number, remainingMs: number): void {
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

  // Only the requests of clients are recorded.
  coalesced(): void {}
  filled(): void {}
  refused(): void {}
  invalidated(): void {}
  invalidatedAll(): void {}

  /** Writes the remaining records, and ends. */
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

  /** @returns the place of the record; -1: none */
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

  /** Begins the next block. @returns false if none is free */
  #turnOver(): boolean {
    if (this.#open + 1 - this.#unwritten >= BLOCKS) return false;
    this.#open++;
    this.#unanswered = 0;
    this.#hasWaited = false;
    this.#blocks[this.#open % BLOCKS]!.count = 0;
    // Deferred: the caller is in the middle of a request.
    this.#writing ??= this.#writeBlocks();
    return true;
  }

  /** Flushes, after waiting once for the sizes of values on their way. */
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

  /** Whether this many more bytes stay within the limit; if so, counts them. */
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
