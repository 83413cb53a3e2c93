/**
 * Records what LMDB writes to its own file. LMDB is a library that writes by itself. So its calls of the C library
 * are redirected to functions of ours, by changing its table of addresses (GOT). Its writes reach the file. Its
 * synchronizations are only recorded, which is enough to simulate a power cut.
 */
import { cc, type Pointer, toArrayBuffer } from "bun:ffi";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
// Loads the library.
import "lmdb";
import type { Random } from "../lib/random.ts";

/** Bytes that a disk writes together: a block is there as it was or as it is. */
const BLOCK_BYTES = 512;

/** A file that forgets. It keeps what was synchronized; a power cut leaves any part of later writes. */
class ForgetfulFile {
  #content = new Uint8Array(0);
  /** The contents of blocks since they were last synchronized, oldest first, without their present contents. */
  readonly #earlier = new Map<number, Uint8Array[]>();
  /** The lengths of the file since it was last synchronized, oldest first. */
  #lengths = [0];

  get lengthBytes(): number {
    return this.#content.length;
  }

  get unsynchronizedBlocks(): number {
    return this.#earlier.size;
  }

  /** @param isSynchronous whether these bytes are on disk when the call returns, whatever becomes of others */
  write(data: Uint8Array, position: number, isSynchronous: boolean): void {
    const end = position + data.length;
    const first = Math.floor(position / BLOCK_BYTES);
    const last = Math.ceil(end / BLOCK_BYTES);
    if (end > this.#content.length) this.truncate(end);
    for (let block = first; block < last; block++) {
      const earlier = this.#earlier.get(block) ?? [];
      earlier.push(this.#content.slice(block * BLOCK_BYTES, (block + 1) * BLOCK_BYTES));
      this.#earlier.set(block, earlier);
    }
    this.#content.set(data, position);
    if (!isSynchronous) return;
    for (let block = first; block < last; block++) this.#earlier.delete(block);
    this.#lengths = this.#lengths.filter((length) => length >= end);
  }

  truncate(length: number): void {
    const content = new Uint8Array(length);
    content.set(this.#content.subarray(0, length));
    this.#content = content;
    this.#lengths.push(length);
  }

  synchronize(): void {
    this.#earlier.clear();
    this.#lengths = [this.#content.length];
  }

  afterPowerCut(random: Random): Uint8Array {
    const content = this.#content.slice();
    // Often most of it survives, or little, rather than always about half.
    const share = random.next();
    for (const [block, earlier] of this.#earlier) {
      if (random.next() < share) continue;
      const left = earlier[Math.floor(random.next() * earlier.length)]!;
      content.set(left.subarray(0, content.length - block * BLOCK_BYTES), block * BLOCK_BYTES);
    }
    const index =
      random.next() < share ? this.#lengths.length - 1 : Math.floor(random.next() * this.#lengths.length);
    const left = new Uint8Array(this.#lengths[index]!);
    left.set(content.subarray(0, left.length));
    return left;
  }
}

/** How much may be recorded between two calls of `look`. */
const MOST_EVENTS = 1 << 15;
const MOST_BYTES = 1 << 25;

/** Of C: what LMDB calls instead of the C library, and what that notes. */
const SOURCE = `
typedef unsigned long size_t;
struct iovec { char *base; size_t bytes; };
struct event { long kind, descriptor, position, bytes, data, flags; };
extern int open64(const char *, int, ...);
extern int ftruncate64(int, long);
extern int close(int);
extern long pread64(int, void *, size_t, long);
extern long pwrite64(int, const void *, size_t, long);
extern long write(int, const void *, size_t);
extern long writev(int, const struct iovec *, int);
extern long lseek64(int, long, int);
extern int pthread_mutex_lock(void *);
extern int pthread_mutex_unlock(void *);
extern void *memcpy(void *, const void *, size_t);
extern size_t strlen(const char *);
extern void abort(void);
static long mutex[16];
static struct event events[${MOST_EVENTS}];
static char data[${MOST_BYTES}];
static long event_count, data_bytes;

static void enter(void) { pthread_mutex_lock(mutex); }
static void leave(void) { pthread_mutex_unlock(mutex); }

static void note(long kind, long descriptor, long position, long flags, const void *from, long bytes) {
  struct event *event = &events[event_count];
  if (event_count == ${MOST_EVENTS} || data_bytes + bytes > ${MOST_BYTES}) abort();
  event->kind = kind; event->descriptor = descriptor; event->position = position; event->flags = flags;
  event->bytes = bytes; event->data = data_bytes;
  if (from) { memcpy(data + data_bytes, from, bytes); data_bytes += bytes; }
  event_count++;
}

int on_open(const char *path, int flags, int mode) {
  enter();
  int descriptor = open64(path, flags, mode);
  if (descriptor >= 0) {
    note(1, descriptor, 0, flags, path, strlen(path));
    /* What the file holds already: it may have been made under another name. */
    long bytes = lseek64(descriptor, 0, 2);
    if (bytes > 0 && data_bytes + bytes <= ${MOST_BYTES}) {
      int reader = open64(path, 0);
      bytes = pread64(reader, data + data_bytes, bytes, 0);
      close(reader);
      note(5, descriptor, 0, 0, 0, bytes);
      data_bytes += bytes;
    }
    lseek64(descriptor, 0, 0);
  }
  leave();
  return descriptor;
}
long on_pwrite(int descriptor, const void *from, size_t bytes, long position) {
  enter();
  long written = pwrite64(descriptor, from, bytes, position);
  if (written > 0) note(2, descriptor, position, 0, from, written);
  leave();
  return written;
}
long on_write(int descriptor, const void *from, size_t bytes) {
  enter();
  long position = lseek64(descriptor, 0, 1);
  long written = write(descriptor, from, bytes);
  if (written > 0) note(2, descriptor, position, 0, from, written);
  leave();
  return written;
}
long on_writev(int descriptor, const struct iovec *parts, int count) {
  enter();
  long position = lseek64(descriptor, 0, 1);
  long written = writev(descriptor, parts, count), left = written;
  for (int i = 0; i < count && left > 0; i++) {
    long bytes = parts[i].bytes < left ? parts[i].bytes : left;
    note(2, descriptor, position, 0, parts[i].base, bytes);
    position += bytes; left -= bytes;
  }
  leave();
  return written;
}
int on_sync(int descriptor) { enter(); note(3, descriptor, 0, 0, 0, 0); leave(); return 0; }
int on_truncate(int descriptor, long bytes) {
  enter();
  int result = ftruncate64(descriptor, bytes);
  if (result == 0) note(4, descriptor, bytes, 0, 0, 0);
  leave();
  return result;
}

void *address_of(int index) {
  void *functions[] = {on_open, on_pwrite, on_write, on_writev, on_sync, on_truncate, events, data};
  return functions[index];
}
/* Between the two nothing is noted. */
long begin(void) { enter(); return event_count; }
void end(void) { event_count = 0; data_bytes = 0; leave(); }
`;

/** What LMDB calls, and the place of our function in \`address_of\`. */
const CALLS: Readonly<Record<string, number>> = {
  open64: 0,
  open: 0,
  pwrite64: 1,
  pwrite: 1,
  write: 2,
  writev: 3,
  fdatasync: 4,
  fsync: 4,
  ftruncate64: 5,
  ftruncate: 5,
};
const [OPEN, WRITE, SYNCHRONIZE, TRUNCATE, FOUND] = [1n, 2n, 3n, 4n, 5n];
const EVENT_WORDS = 6;
const O_DSYNC = 0x1000n;

/** Whether the calls of LMDB can be redirected on this machine. */
export const hasLmdbDisk: boolean =
  process.platform === "linux" && ["x64", "arm64"].includes(process.arch) && libraryAddress() !== undefined;

/** Records all files that LMDB opens in this process until it is disposed of. Only one may exist at a time. */
export class LmdbDisk implements Disposable {
  readonly #calls: ReturnType<typeof compile>;
  readonly #events: BigInt64Array;
  readonly #data: Uint8Array;
  /** Entries of the table of addresses, and what they held. */
  readonly #entries: { entry: BigUint64Array; original: bigint }[] = [];
  readonly #files = new Map<string, ForgetfulFile>();
  readonly #descriptors = new Map<bigint, { file: ForgetfulFile; isSynchronous: boolean }>();
  /** Called when bytes were written through, before anything else happens to their file. */
  onWrittenThrough: (file: { readonly unsynchronizedBlocks: number }) => void = () => undefined;

  constructor() {
    this.#calls = compile();
    const address = (index: number) => Number(this.#calls.address_of(index)) as Pointer;
    this.#events = new BigInt64Array(toArrayBuffer(address(6), 0, MOST_EVENTS * EVENT_WORDS * 8));
    this.#data = new Uint8Array(toArrayBuffer(address(7), 0, MOST_BYTES));
    for (const { name, slot } of importedFunctions()) {
      const index = CALLS[name];
      if (index === undefined) continue;
      const entry = new BigUint64Array(toArrayBuffer(slot as Pointer, 0, 8));
      this.#entries.push({ entry, original: entry[0]! });
      entry[0] = BigInt(address(index));
    }
  }

  /** Restores LMDB's calls of the C library. All files that it has opened meanwhile must be closed. */
  [Symbol.dispose](): void {
    for (const { entry, original } of this.#entries) entry[0] = original;
  }

  /** Returns what LMDB has done to a file that it opened under this path. */
  file(path: string): { readonly unsynchronizedBlocks: number; afterPowerCut(random: Random): Uint8Array } {
    this.look();
    const file = this.#files.get(path);
    if (file === undefined) throw new Error(`LMDB has not opened ${path}`);
    return file;
  }

  /** Forgets files that are no longer needed. @param directory their directory */
  forget(directory: string): void {
    this.look();
    for (const path of this.#files.keys()) if (path.startsWith(`${directory}/`)) this.#files.delete(path);
  }

  /** Reads the recorded calls. Call it now and then: there is room for 32 MB. */
  look(): void {
    const count = Number(this.#calls.begin());
    for (let at = 0; at < count * EVENT_WORDS; at += EVENT_WORDS) this.#take(at);
    this.#calls.end();
  }

  #take(at: number): void {
    const [kind, descriptor, position, bytes, data, flags] = this.#events.subarray(
      at,
      at + EVENT_WORDS,
    ) as unknown as [bigint, bigint, bigint, bigint, bigint, bigint];
    const content = this.#data.subarray(Number(data), Number(data + bytes));
    if (kind === OPEN) {
      const path = Buffer.from(content).toString();
      const file = this.#files.get(path) ?? new ForgetfulFile();
      this.#files.set(path, file);
      this.#descriptors.set(descriptor, { file, isSynchronous: (flags & O_DSYNC) !== 0n });
      return;
    }
    const opened = this.#descriptors.get(descriptor);
    if (opened === undefined) return;
    const { file, isSynchronous } = opened;
    if (kind === WRITE) {
      file.write(content, Number(position), isSynchronous);
      if (isSynchronous) this.onWrittenThrough(file);
    } else if (kind === SYNCHRONIZE) file.synchronize();
    else if (kind === TRUNCATE) file.truncate(Number(position));
    else if (kind === FOUND && file.lengthBytes === 0) {
      file.write(content, 0, false);
      file.synchronize();
    }
  }
}

function compile() {
  const directory = mkdtempSync(join(tmpdir(), "glasscache-disk-"));
  const source = join(directory, "disk.c");
  writeFileSync(source, SOURCE);
  try {
    return cc({
      source,
      symbols: {
        address_of: { args: ["int"], returns: "ptr" },
        begin: { args: [], returns: "i64" },
        end: { args: [], returns: "void" },
      },
    }).symbols;
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Finds the library in memory, and the file it was loaded from. */
function libraryAddress(): { start: number; path: string } | undefined {
  const line = readFileSync("/proc/self/maps", "utf8")
    .split("\n")
    .find((mapping) => /lmdb[^/]*\/[^/]*glibc\.node$/.test(mapping));
  if (line === undefined) return undefined;
  const [range, , offset] = line.split(/\s+/);
  if (Number.parseInt(offset!, 16) !== 0) return undefined;
  return { start: Number.parseInt(range!.split("-")[0]!, 16), path: line.slice(line.indexOf("/")) };
}

/** Finds the functions that the library imports, and where it stores their addresses: ELF-64, System V ABI. */
function importedFunctions(): { name: string; slot: number }[] {
  const library = libraryAddress()!;
  const bytes = readFileSync(library.path);
  const word = (at: number): number => Number(bytes.readBigUInt64LE(at));
  const [headersAt, headerBytes, headers] = [word(32), bytes.readUInt16LE(54), bytes.readUInt16LE(56)];
  const segments = Array.from({ length: headers }, (_, index) => {
    const at = headersAt + index * headerBytes;
    return {
      type: bytes.readUInt32LE(at),
      offset: word(at + 8),
      address: word(at + 16),
      bytes: word(at + 32),
    };
  });
  const offsetOf = (address: number): number => {
    const segment = segments.find(
      ({ type, address: start, bytes: length }) => type === 1 && address >= start && address < start + length,
    )!;
    return address - segment.address + segment.offset;
  };
  const dynamic = segments.find(({ type }) => type === 2)!;
  const entries = new Map<number, number>();
  for (let at = dynamic.offset; word(at) !== 0; at += 16) entries.set(word(at), word(at + 8));
  const [names, symbols] = [offsetOf(entries.get(5)!), offsetOf(entries.get(6)!)];
  const found: { name: string; slot: number }[] = [];
  // The relocations of functions (JMPREL), and those of data, which may hold functions as well (RELA).
  for (const [table, size] of [
    [23, 2],
    [7, 8],
  ] as const) {
    const start = entries.get(table);
    if (start === undefined) continue;
    const from = offsetOf(start);
    for (let at = from; at < from + entries.get(size)!; at += 24) {
      const symbol = bytes.readUInt32LE(at + 12);
      // JUMP_SLOT and GLOB_DAT of x86-64 and AArch64.
      if (symbol === 0 || ![6, 7, 1025, 1026].includes(bytes.readUInt32LE(at + 8))) continue;
      const nameAt = names + bytes.readUInt32LE(symbols + symbol * 24);
      const name = bytes.toString("latin1", nameAt, bytes.indexOf(0, nameAt));
      found.push({ name, slot: library.start + word(at) });
    }
  }
  return found;
}
