import type { RecordBatch } from "../../replay/records.ts";
import type { Columns } from "./columns.ts";
import type { Faults } from "./faults.ts";
import type { TableShape } from "./table-row.ts";

/** Takes one trace apart, fed with its bytes in pieces of any length. Never sees a file. */
export interface TraceParser {
  /**
   * Adds records to the batch until that is full or no further whole record is there. When it comes back with a full
   * batch it is called again with what it left; else with that and more bytes behind.
   * @param isLast nothing follows: what is left is the last record, or a broken one
   * @returns up to where it has taken bytes[start, …)
   * @throws TraceError for what is broken, unless such is to be skipped
   */
  parse(bytes: Uint8Array, start: number, isLast: boolean, batch: RecordBatch): number;
}

/** Told of the keys that are texts, and gives them numbers, such as those of their families. */
export interface KeyObserver {
  numberOf(bytes: Uint8Array, start: number, end: number): number;
}

/** What a parser is given. */
export interface ParserContext {
  readonly faults: Faults;
  /** Where families of keys are asked for. */
  readonly families: KeyObserver | undefined;
  /** Which column of a table is what, where that was told. */
  readonly columns: Columns | undefined;
  /** What the trace's head has shown of a table, where that was looked at. */
  readonly shape?: TableShape | undefined;
}

/** What can be known of a trace before it is read: its first bytes, decompressed. */
export interface TraceHead {
  readonly bytes: Uint8Array;
  /** Nothing follows. */
  readonly isWhole: boolean;
  /** In lower case, without folders and without the ending of a compression; empty for standard input. */
  readonly fileName: string;
  /** No control characters but white space. */
  readonly isText: boolean;
  /** The first whole lines; empty for what is no text. */
  readonly lines: readonly string[];
  /** It was told which column is what. */
  readonly hasColumns: boolean;
  /** What was found out about it so far. */
  readonly found: { shape?: TableShape };
}

/** A format as the registry knows it. */
export interface TraceFormat {
  readonly name: string;
  readonly description: string;
  /** A table, of which it may be told which column is what. */
  readonly isTable?: boolean;
  /** It takes what no other format does; so what is no trace at all has to be kept from it. */
  readonly takesAnyText?: boolean;
  /** Whether its records carry sizes; a table's header may tell. */
  hasSizes(head: TraceHead, columns: Columns | undefined): boolean;
  /** What was taken for what, for people, where that is more than the format's name tells. */
  describe?(head: TraceHead, columns: Columns | undefined): string | undefined;
  /** What looks as if the trace were something else, for people. */
  doubt?(head: TraceHead): string | undefined;
  /** Whether a trace is of this format, judged by content and file name. */
  matches(head: TraceHead): boolean;
  open(context: ParserContext): TraceParser;
}
