import type { Log } from "../../lib/log.ts";
import type { Epochs, Store } from "../../store/store.ts";
import type { WarmStats } from "./warm-counts.ts";
import { WarmFileDraft } from "./warm-file.ts";
import { WarmBlocks, type WarmOrigin } from "./warm-format.ts";

export interface KeySaverOptions {
  readonly path: string;
  readonly origin: WarmOrigin;
  readonly store: Store;
  readonly stats: WarmStats;
  readonly log: Log;
  /** The time base of the cache. */
  readonly nowMs: () => number;
  /** The same with its fraction. */
  readonly exactMs: () => number;
  readonly wallMs: () => number;
  /** How often to write the file, in milliseconds. */
  readonly everyMs: () => number;
  /** Begins a file; by default one on disk. */
  readonly createDraft?: typeof WarmFileDraft.create;
}

/** What the file has that is there already. */
export interface SavedFile {
  /** How many keys it has; 0: it cannot be used, or there is none. */
  readonly keys: number;
  /** Whether it is kept under another name when another one takes its place. */
  readonly isKept: boolean;
}

/** While clients are served, work goes on for so long, and then rests: a tenth of the thread's time. */
const WORK_MS = 1;
const REST_MS = 9;
/** The same for the last write: clients have hardly anything to wait for. */
const LAST_WORK_MS = 10;
/** How long the last write may take, when the program ends. */
const LAST_WRITE_MS = 10_000;
/** How often a shard is begun anew whose policy is being changed. */
const ATTEMPTS = 3;

/**
 * Writes which keys are cached, in the policy's order. A file that holds more is not replaced for a while after
 * everything cached was dropped, because the cache will have those keys again.
 */
export class KeySaver {
  readonly #options: KeySaverOptions;
  #saved: SavedFile;
  #epochCount: number;
  /** Until then a file with more keys is kept. */
  #keepsUntilMs: number;
  #lastMs: number;
  #writing: Promise<void> | undefined;
  /** Whether the program ends: there are no clients to spare any more. */
  #isLast = false;
  #deadlineMs = Number.POSITIVE_INFINITY;
  #hasFailed = false;

  constructor(options: KeySaverOptions, saved: SavedFile) {
    const { store, nowMs } = options;
    this.#options = options;
    this.#saved = saved;
    this.#epochCount = store.epochCount;
    this.#lastMs = nowMs();
    // Just started, the cache is empty, until `warmed`.
    this.#keepsUntilMs = Number.POSITIVE_INFINITY;
  }

  /** Writes the file if it is time to. Call it now and then. */
  check(): void {
    const { nowMs, everyMs } = this.#options;
    this.#noticeDrop();
    if (this.#writing === undefined && nowMs() - this.#lastMs >= everyMs()) void this.#begin();
  }

  /** The file that was read has warmed the cache, as far as it can: from now on what is cached counts. */
  warmed(): void {
    const { nowMs } = this.#options;
    this.#keepsUntilMs = nowMs();
    this.#lastMs = nowMs();
  }

  /** Writes the file for the last time, unless it takes too long. */
  async finish(): Promise<void> {
    this.#noticeDrop();
    this.#isLast = true;
    this.#deadlineMs = this.#options.nowMs() + LAST_WRITE_MS;
    // One that is under way is as good.
    await (this.#writing ?? this.#begin());
  }

  #noticeDrop(): void {
    const { store, nowMs, everyMs } = this.#options;
    if (store.epochCount === this.#epochCount) return;
    this.#epochCount = store.epochCount;
    this.#keepsUntilMs = Math.max(this.#keepsUntilMs, nowMs() + everyMs());
  }

  #begin(): Promise<void> {
    this.#writing = this.#write().finally(() => {
      this.#writing = undefined;
      this.#lastMs = this.#options.nowMs();
    });
    return this.#writing;
  }

  async #write(): Promise<void> {
    const { path, origin, stats, log, wallMs, nowMs, createDraft = WarmFileDraft.create } = this.#options;
    let draft: WarmFileDraft | undefined;
    try {
      draft = await createDraft(path, origin);
      const blocks = new WarmBlocks();
      const isWhole = await this.#writeKeys(draft, blocks);
      const isPoorer = nowMs() < this.#keepsUntilMs && blocks.keys < this.#saved.keys;
      if (!isWhole || isPoorer || blocks.keys === 0) {
        await draft.discard();
        return;
      }
      await draft.append(blocks.trailer());
      await draft.finish(this.#saved.isKept);
      this.#saved = { keys: blocks.keys, isKept: false };
      stats.writtenAtMs = wallMs();
      stats.writtenKeys = blocks.keys;
      if (this.#hasFailed) log.info(`${path}: is written again`);
      this.#hasFailed = false;
    } catch (error) {
      await draft?.discard().catch(() => undefined);
      stats.failures++;
      const { message } = error as Error;
      // Once: it may fail for the same reason for a long time.
      if (!this.#hasFailed) log.warn(`${path}: cannot be written, and stays as it is: ${message}`);
      this.#hasFailed = true;
    }
  }

  /** @returns false if it took too long, or if the policy is being changed */
  async #writeKeys(draft: WarmFileDraft, blocks: WarmBlocks): Promise<boolean> {
    const { store } = this.#options;
    // What is dropped from here on is written nevertheless.
    const epochs = store.copyEpochs();
    for (let shard = 0; shard < store.shards; shard++) {
      let isRead = false;
      for (let attempt = 0; !isRead && attempt < ATTEMPTS; attempt++) {
        isRead = await this.#writeShard(shard, epochs, draft, blocks);
        if (!isRead && this.#isLate) return false;
      }
      if (!isRead) return false;
    }
    return true;
  }

  async #writeShard(
    shard: number,
    epochs: Epochs,
    draft: WarmFileDraft,
    blocks: WarmBlocks,
  ): Promise<boolean> {
    const { store, nowMs, exactMs } = this.#options;
    const keys = store.keysInOrder(shard, epochs);
    let rank = 0;
    for (let workedMs = exactMs(); ; ) {
      const step = keys.step(nowMs(), (key, reads) => blocks.add(key, reads, rank));
      if (step === "changed" || this.#isLate) return false;
      rank = keys.progress;
      const isOver = step === "complete";
      const block = isOver || blocks.isFull ? blocks.close(rank) : undefined;
      if (block !== undefined) await draft.append(block);
      if (isOver) return true;
      if (exactMs() - workedMs < (this.#isLast ? LAST_WORK_MS : WORK_MS)) continue;
      await (this.#isLast ? nextTurn() : Bun.sleep(REST_MS));
      workedMs = exactMs();
    }
  }

  get #isLate(): boolean {
    return this.#options.nowMs() > this.#deadlineMs;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
