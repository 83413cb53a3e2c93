import type { RecordBatch } from "../../replay/records.ts";
import type { Columns } from "./columns.ts";
import type { Faults } from "./faults.ts";
import type { TableShape } from "./table-row.ts";

/** Parses one trace from its bytes in pieces of any length. Never sees a file. */
export interface TraceParser {
  /**
   * Adds records to the batch until it is full or there is no further whole record. After a full batch it is called
   * again with the bytes it left; otherwise with those bytes and more after them.
   * @param isLast nothing follows: the bytes left are the last record, or a broken one
   * @returns the end of the bytes that it has taken
   * @throws TraceError for a broken record, unless broken records are skipped
   */
  parse(bytes: Uint8Array, start: number, isLast: boolean, batch: RecordBatch): number;
}

/** Is called with the keys that are texts, and numbers them, for example by family. */
export interface KeyObserver {
  numberOf(bytes: Uint8Array, start: number, end: number): number;
}

/** The input of a parser, besides the bytes. */
export interface ParserContext {
  readonly faults: Faults;
  /** Present if families of keys are counted. */
  readonly families: KeyObserver | undefined;
  /** The columns of a table, if the user gave them. */
  readonly columns: Columns | undefined;
  /** The shape of a table in the trace's head, if it has been computed. */
  readonly shape?: TableShape | undefined;
}

/** Knowledge about a trace before it is read: mainly its first bytes, decompressed. */
export interface TraceHead {
  readonly bytes: Uint8Array;
  /** Whether these bytes are the whole trace. */
  readonly isWhole: boolean;
  /** In lower case, without folders and without the extension of a compression; empty for standard input. */
  readonly fileName: string;
  /** Whether there are no control characters except white space. */
  readonly isText: boolean;
  /** The first whole lines; empty if it is not a text. */
  readonly lines: readonly string[];
  /** Whether the user gave the columns. */
  readonly hasColumns: boolean;
  /** Results computed so far, to share them among formats. */
  readonly found: { shape?: TableShape };
}

/** A format as the registry knows it. */
export interface TraceFormat {
  readonly name: string;
  readonly description: string;
  /** Whether it is a table, so that the user may give its columns. */
  readonly isTable?: boolean;
  /** Whether it takes any text, so that files that are no trace must be excluded first. */
  readonly takesAnyText?: boolean;
  /** Whether its records have sizes; in a table the header may tell. */
  hasSizes(head: TraceHead, columns: Columns | undefined): boolean;
  /** Describes how the trace is interpreted, if there is more to say than the format's name. */
  describe?(head: TraceHead, columns: Columns | undefined): string | undefined;
  /** Describes a sign that the trace may be something else. */
  doubt?(head: TraceHead): string | undefined;
  /** Tells whether a trace is in this format, by content and file name. */
  matches(head: TraceHead): boolean;
  open(context: ParserContext): TraceParser;
}
