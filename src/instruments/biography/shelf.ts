import { KeyIndex } from "./key-index.ts";
import { Stories } from "./stories.ts";

/** When keys find no room, the age of one story is looked at, at most this often. */
const LOOK_EVERY_MS = 1;

/** The stories of at most `limit` keys, by position, with the keys' names as far as they are known. */
export class Shelf {
  readonly stories: Stories;
  readonly limit: number;
  readonly #keys: KeyIndex;
  readonly #names: (Uint8Array | undefined)[];
  /** The rank of the key to look at next. */
  #hand = 0;
  #lookedMs = 0;

  constructor(limit: number, records: number) {
    this.limit = limit;
    this.#keys = new KeyIndex(limit);
    this.stories = new Stories(limit, records);
    this.#names = new Array<Uint8Array | undefined>(limit).fill(undefined);
  }

  /** @returns the key's story; −1: it has none */
  find(position: number): number {
    return this.#keys.find(position);
  }

  /**
   * @param forgetMs if there is no room, stories may end whose last record is older than this
   * @returns the key's story, perhaps a new one; −1: there is no room
   */
  findOrAdd(position: number, atMs: number, forgetMs: number): number {
    const known = this.#keys.find(position);
    if (known >= 0) return known;
    if (this.#keys.isFull && this.limit > 0 && atMs - this.#lookedMs >= LOOK_EVERY_MS)
      this.#dropIfOld(atMs, forgetMs);
    const story = this.#keys.add(position);
    if (story >= 0) {
      this.stories.clear(story);
      this.#names[story] = undefined;
    }
    return story;
  }

  remove(position: number): void {
    this.#keys.remove(position);
  }

  /** Adds a key, with the story that it has on another shelf, if there is room for it. */
  take(position: number, from: Shelf): void {
    const story = this.findOrAdd(position, 0, 0);
    const earlier = from.find(position);
    if (story < 0 || earlier < 0) return;
    this.stories.copy(story, from.stories, earlier);
    this.#names[story] = from.nameOf(earlier);
  }

  positions(): number[] {
    return Array.from({ length: this.#keys.size }, (_, rank) => this.#keys.positionAt(rank));
  }

  nameOf(story: number): Uint8Array | undefined {
    return this.#names[story];
  }

  /** Learns a key's name, unless it is known. */
  name(story: number, bytes: Uint8Array, start: number, end: number): void {
    // Not `slice`, which makes a view of a `Buffer`.
    this.#names[story] ??= new Uint8Array(bytes.subarray(start, end));
  }

  #dropIfOld(atMs: number, forgetMs: number): void {
    this.#lookedMs = atMs;
    this.#hand = (this.#hand + 1) % this.#keys.size;
    const position = this.#keys.positionAt(this.#hand);
    if (this.stories.latestMs(this.#keys.find(position)) < atMs - forgetMs) this.#keys.remove(position);
  }
}
