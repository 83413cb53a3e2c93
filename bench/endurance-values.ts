import { mix32 } from "../src/lib/hash.ts";
import type { Random } from "../src/lib/random.ts";

/** Header of every value: number of its key, version and length, eight hexadecimal digits each. */
const HEADER_BYTES = 24;
const MOST_BYTES = 320 * 1024;
/** The rest of a value comes from one long text, from an offset that key and version determine. */
const OFFSETS = 1 << 16;
const SOURCE: Buffer = printable(MOST_BYTES + OFFSETS);
const HEX: Buffer = Buffer.from("0123456789abcdef");

/** Returns `endurance:` and six digits. */
export function keyOf(id: number): string {
  return `endurance:${String(id).padStart(6, "0")}`;
}

/** Draws the length of a value: mostly 24 to 2,000 bytes, evenly on a logarithmic scale; now and then far longer. */
export function drawSize(random: Random): number {
  const rare = random.next();
  if (rare < 0.000_02) return 300_000;
  if (rare < 0.000_2) return 100_000;
  return Math.floor(HEADER_BYTES * (2000 / HEADER_BYTES) ** random.next());
}

/** Writes a value that contains its key, its version and its length. @returns where it ends */
export function writeValue(out: Buffer, at: number, id: number, version: number, size: number): number {
  writeHex(out, at, id);
  writeHex(out, at + 8, version);
  writeHex(out, at + 16, size);
  const offset = offsetOf(id, version);
  SOURCE.copy(out, at + HEADER_BYTES, offset, offset + size - HEADER_BYTES);
  return at + size;
}

/** Checks that a value is whole and belongs to this key. @returns its version @throws Error when it is wrong */
export function checkValue(data: Buffer, start: number, end: number, id: number): number {
  const size = end - start;
  if (size < HEADER_BYTES) throw new Error(`${keyOf(id)} has a value of ${size} bytes`);
  const version = readHex(data, start + 8);
  const offset = offsetOf(id, version);
  if (
    readHex(data, start) !== id ||
    readHex(data, start + 16) !== size ||
    data.compare(SOURCE, offset, offset + size - HEADER_BYTES, start + HEADER_BYTES, end) !== 0
  ) {
    const head = data.toString("latin1", start, start + HEADER_BYTES);
    throw new Error(`${keyOf(id)} has a value that is torn or of another key: ${head}…, ${size} bytes`);
  }
  return version;
}

/**
 * Knows which values a read may return, for keys with one writer each. A version counts the changes of a key,
 * removals included. A read keeps what was known when it was sent: `acknowledged`, the oldest version that it may
 * return, and `certain`.
 */
export class Ledger {
  /** The newest change sent. */
  readonly sent: Int32Array;
  /** The newest change whose reply has come. */
  readonly acknowledged: Int32Array;
  readonly #isPresent: Uint8Array;

  constructor(keys: number) {
    this.sent = new Int32Array(keys);
    this.acknowledged = new Int32Array(keys);
    this.#isPresent = new Uint8Array(keys);
  }

  /** Begins a change. @returns its version */
  change(id: number): number {
    this.#isPresent[id] = 0;
    return ++this.sent[id]!;
  }

  /** @param stays whether the key exists from now on, until it is changed again */
  confirm(id: number, version: number, stays: boolean): void {
    this.acknowledged[id] = Math.max(this.acknowledged[id]!, version);
    if (stays && this.sent[id] === version) this.#isPresent[id] = 1;
  }

  /** Returns the version that is certainly there, with no change under way; −1 when that is unknown. */
  certain(id: number): number {
    return this.#isPresent[id] === 1 ? this.sent[id]! : -1;
  }

  /** @throws Error when a value that was read is older than allowed, or was never written */
  checkVersion(id: number, version: number, acknowledgedBefore: number): void {
    if (version < acknowledgedBefore) {
      throw new Error(`${keyOf(id)}: read version ${version} after ${acknowledgedBefore} was acknowledged`);
    }
    if (version > this.sent[id]!) throw new Error(`${keyOf(id)}: read version ${version}, never written`);
  }

  /** @throws Error when a key was not found although it existed all the time */
  checkAbsence(id: number, certainBefore: number): void {
    if (certainBefore >= 0 && this.certain(id) === certainBefore) {
      throw new Error(`${keyOf(id)}: version ${certainBefore} is lost`);
    }
  }
}

function offsetOf(id: number, version: number): number {
  return mix32(Math.imul(id, 0x9e37_79b1) ^ version) & (OFFSETS - 1);
}

function writeHex(out: Buffer, at: number, value: number): void {
  for (let digit = 7; digit >= 0; digit--) {
    out[at + digit] = HEX[value & 15]!;
    value >>>= 4;
  }
}

function readHex(data: Buffer, at: number): number {
  let value = 0;
  for (let digit = 0; digit < 8; digit++) {
    const character = data[at + digit]!;
    value = (value << 4) | (character < 58 ? character - 48 : character - 87);
  }
  return value;
}

/** Returns letters that look random; the same in every process. */
function printable(bytes: number): Buffer {
  const text = Buffer.alloc(bytes);
  for (let at = 0; at < bytes; at++) text[at] = 97 + ((mix32(at) >>> 8) % 26);
  return text;
}
