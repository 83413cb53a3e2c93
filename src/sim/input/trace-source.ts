import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { type Interpretation, RecordBatch, type RecordSource, TraceError } from "../../replay/records.ts";
import type { Columns } from "../trace/columns.ts";
import { Faults, type Skipped } from "../trace/faults.ts";
import { describeHead, HEAD_BYTES, hasLinesEnough, withoutMark } from "../trace/head.ts";
import { describeInterpretation } from "../trace/interpretation.ts";
import { detectFormat } from "../trace/registry.ts";
import type { TableShape } from "../trace/table-row.ts";
import type { KeyObserver, TraceFormat, TraceHead, TraceParser } from "../trace/trace-format.ts";
import type { Chunks, Taken, TraceBytes } from "./chunks.ts";
import { decompressed, type Unpack } from "./decompression.ts";

export interface TraceSourceOptions {
  /** Shown to users. */
  readonly name: string;
  /** Empty for standard input. */
  readonly path: string;
  /** The format; undefined: detect it. */
  readonly format: TraceFormat | undefined;
  readonly columns: Columns | undefined;
  /** Whether broken records are counted and left out. */
  readonly skipsBad: boolean;
  readonly families: KeyObserver | undefined;
  readonly unpack: Unpack;
  /** Called at the end of each reading in which records were left out. */
  readonly onSkipped: ((skipped: Skipped) => void) | undefined;
}

const NOTHING = new Uint8Array(0);

/** A recorded trace as a source of records. */
export class TraceSource implements RecordSource {
  readonly name: string;
  readonly hasSizes: boolean;
  readonly isRepeatable: boolean;
  readonly extent: number | undefined;
  readonly format: TraceFormat;
  readonly interpretation: Interpretation;
  readonly #bytes: TraceBytes;
  readonly #options: TraceSourceOptions;
  readonly #shape: TableShape | undefined;
  /** The first bytes and the rest of a source that can be read only once. */
  #opened: Opened | undefined;

  private constructor(
    bytes: TraceBytes,
    options: TraceSourceOptions,
    opened: Opened,
    head: TraceHead,
    format: TraceFormat,
  ) {
    const { name, columns } = options;
    this.#bytes = bytes;
    this.#options = options;
    this.#opened = bytes.isRepeatable ? undefined : opened;
    this.name = name;
    this.isRepeatable = bytes.isRepeatable;
    this.extent = bytes.extent;
    this.format = format;
    if (columns !== undefined && format.isTable !== true) {
      throw new TraceError(`${name}: columns were given, but it is not a table: it is ${format.name}`);
    }
    this.hasSizes = format.hasSizes(head, columns);
    this.interpretation = describeInterpretation(format, head, columns);
    this.#shape = head.found.shape;
  }

  /**
   * Opens a trace by looking at its first bytes.
   * @throws TraceError if they are not a trace, or not in a known format
   */
  static async open(bytes: TraceBytes, options: TraceSourceOptions): Promise<TraceSource> {
    const opened = await openBytes(bytes, options);
    try {
      if (opened.head.length === 0) throw new TraceError(`${options.name}: the trace is empty`);
      const { name, path, columns } = options;
      const head = describeHead(opened.head, opened.isWhole, path, columns !== undefined);
      const format = options.format ?? (await detectFormat(head, name));
      const source = new TraceSource(bytes, options, opened, head, format);
      if (bytes.isRepeatable) await opened.rest.return();
      return source;
    } catch (error) {
      await opened.rest.return();
      throw error;
    }
  }

  async read(
    consume: (batch: RecordBatch) => boolean | Promise<boolean>,
    progress?: (done: number) => void,
  ): Promise<void> {
    const { name, columns, families, skipsBad, onSkipped } = this.#options;
    const opened =
      this.#opened ?? (this.isRepeatable ? await openBytes(this.#bytes, this.#options) : undefined);
    if (opened === undefined) throw new TraceError(`${name}: it can be read only once`);
    this.#opened = undefined;
    const faults = new Faults(name, skipsBad);
    const parser = this.format.open({ faults, families, columns, shape: this.#shape });
    const batch = new RecordBatch();
    let records = 0;
    const isOver = await feed(parser, opened, batch, !this.isRepeatable, () => {
      records += batch.count;
      progress?.(opened.taken.bytes);
      return consume(batch);
    });
    if (faults.bad + faults.ignored > 0) onSkipped?.(faults);
    if (isOver && records === 0) {
      throw new TraceError(
        faults.firstBad === undefined
          ? `${name}: there is no request in it`
          : `${name}: there are only broken requests in it; the first: ${faults.firstBad}`,
      );
    }
  }
}

interface Opened {
  readonly head: Uint8Array;
  /** Whether the head is the whole trace. */
  readonly isWhole: boolean;
  readonly rest: Chunks;
  readonly taken: Taken;
}

async function openBytes(
  bytes: TraceBytes,
  { name, unpack }: Pick<TraceSourceOptions, "name" | "unpack">,
): Promise<Opened> {
  const taken = { bytes: 0 };
  const rest = await decompressed(bytes.chunks(taken), name, unpack);
  const head = new ByteBuffer(HEAD_BYTES);
  let isWhole = false;
  // Do not wait for more of a stream than is needed to detect its format.
  const isEnough = (): boolean =>
    head.length >= HEAD_BYTES || (!bytes.isRepeatable && hasLinesEnough(head.view()));
  while (!isWhole && !isEnough()) {
    const { value, done } = await rest.next();
    isWhole = done === true;
    if (value !== undefined) head.append(value);
  }
  return { head: withoutMark(head.view()), isWhole, rest, taken };
}

/**
 * Feeds the parser, and hands over the batch whenever it is full, and at the end. Awaits only what has not arrived:
 * there are a thousand pieces and batches per second, and each promise costs a microsecond or more.
 * @param isStream the next bytes may take long to arrive, so the present records are handed over before waiting
 * @returns false if it was ended early
 */
async function feed(
  parser: TraceParser,
  { head, rest }: Opened,
  batch: RecordBatch,
  isStream: boolean,
  deliver: () => boolean | Promise<boolean>,
): Promise<boolean> {
  /** Bytes of earlier pieces that the parser has not taken. */
  const untaken = new ByteBuffer(0);
  let piece = head;
  try {
    for (let isLast = false; ; ) {
      const isHolding = untaken.length > 0;
      if (isHolding) untaken.append(piece);
      const bytes = isHolding ? untaken.view() : piece;
      let at = 0;
      for (;;) {
        at = parser.parse(bytes, at, isLast, batch);
        if (!batch.isFull) break;
        const delivered = deliver();
        if (!(typeof delivered === "boolean" ? delivered : await delivered)) return false;
        batch.count = 0;
      }
      if (!isHolding) untaken.append(bytes, at);
      else if (at > 0) untaken.discard(at);
      if (isLast) break;
      if (isStream && batch.count > 0) {
        if (!(await deliver())) return false;
        batch.count = 0;
      }
      const next = await rest.next();
      isLast = next.done === true;
      piece = next.done === true ? NOTHING : next.value;
    }
  } finally {
    await rest.return();
  }
  return batch.count === 0 || (await deliver());
}
