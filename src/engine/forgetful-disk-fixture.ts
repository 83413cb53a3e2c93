import { mkdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import type { Random } from "../lib/random.ts";
import type { JournalDisk } from "./journal-disk.ts";

/** A file in memory, with its contents since it was last synchronized, oldest first. */
interface MemoryFile {
  readonly name: string;
  content: Uint8Array;
  /** Contents since the last synchronization; the first is what was synchronized. Only some are kept. */
  versions: Uint8Array[];
  /** Whether the directory's synchronization has covered it. */
  isListed: boolean;
}

/**
 * A disk in memory that forgets. It keeps what was synchronized. Of later writes, a power cut leaves each block and
 * the file's length as they were at some moment since the synchronization.
 */
export class ForgetfulDisk implements JournalDisk {
  readonly #files = new Map<string, MemoryFile>();
  readonly #descriptors = new Map<number, MemoryFile | "directory">();
  #lastDescriptor = 1_000_000;
  /** Called when a synchronization begins. It ends when the returned promise resolves. */
  onSynchronize: () => Promise<void> = () => Promise.resolve();
  /** Called before each change. */
  onChange: () => void = () => undefined;

  make(path: string): number {
    this.onChange();
    const name = basename(path);
    if (this.#files.has(name)) throw new Error(`${name} is there`);
    const nothing = new Uint8Array(0);
    const file: MemoryFile = { name, content: nothing, versions: [nothing], isListed: false };
    this.#files.set(name, file);
    return this.#open(file);
  }

  openDirectory(): number {
    return this.#open("directory");
  }

  #open(file: MemoryFile | "directory"): number {
    this.#descriptors.set(++this.#lastDescriptor, file);
    return this.#lastDescriptor;
  }

  /** How many descriptors are open. */
  get openCount(): number {
    return this.#descriptors.size;
  }

  close(descriptor: number): void {
    this.#descriptors.delete(descriptor);
  }

  remove(path: string): void {
    this.onChange();
    this.#files.delete(basename(path));
  }

  write(descriptor: number, source: Uint8Array, start: number, length: number, position: number): number {
    this.onChange();
    const file = this.#file(descriptor);
    const content = new Uint8Array(Math.max(file.content.length, position + length));
    content.set(file.content);
    content.set(source.subarray(start, start + length), position);
    this.#change(file, content);
    return length;
  }

  writeElsewhere(
    descriptor: number,
    source: Uint8Array,
    start: number,
    length: number,
    position: number,
  ): Promise<number> {
    return Promise.resolve(this.write(descriptor, source, start, length, position));
  }

  truncate(descriptor: number, length: number): void {
    this.onChange();
    const file = this.#file(descriptor);
    const content = new Uint8Array(length);
    content.set(file.content.subarray(0, length));
    this.#change(file, content);
  }

  #change(file: MemoryFile, content: Uint8Array): void {
    file.content = content;
    file.versions.push(content);
  }

  async synchronize(descriptor: number): Promise<void> {
    const target = this.#descriptors.get(descriptor)!;
    const files = target === "directory" ? [...this.#files.values()] : [];
    const content = target === "directory" ? undefined : target.content;
    await this.onSynchronize();
    this.onChange();
    for (const file of files) file.isListed = true;
    if (target === "directory" || content === undefined) return;
    // Writes made meanwhile are not covered.
    target.versions = target.versions.slice(target.versions.indexOf(content));
  }

  #file(descriptor: number): MemoryFile {
    const file = this.#descriptors.get(descriptor);
    if (file === undefined || file === "directory") throw new Error("not a file");
    return file;
  }

  /** Returns the contents of all files, on disk or not: what remains after the death of the process. */
  asWritten(): Map<string, Uint8Array> {
    return new Map([...this.#files.values()].map(({ name, content }) => [name, content]));
  }

  /** Returns a state that a power cut may leave. */
  afterPowerCut(random: Random, blockBytes: number): Map<string, Uint8Array> {
    const left = new Map<string, Uint8Array>();
    // Often most of it survives, or little, rather than always about half.
    const share = random.next();
    for (const { name, versions, isListed } of this.#files.values()) {
      if (!isListed && random.next() < 0.5) continue;
      const pick = () =>
        random.next() < share ? versions.length - 1 : Math.floor(random.next() * versions.length);
      const { length } = versions[pick()]!;
      const content = new Uint8Array(length);
      for (let at = 0; at < length; at += blockBytes) {
        content.set(versions[pick()]!.subarray(at, Math.min(at + blockBytes, length)), at);
      }
      left.set(name, content);
    }
    return left;
  }
}

/** Writes files into a directory. */
export function store(directory: string, files: ReadonlyMap<string, Uint8Array>): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, content] of files) writeFileSync(join(directory, name), content);
}
