import type { KeyFamilies } from "../key-families.ts";
import type { RecordBatch } from "../records.ts";
import type { Columns } from "./columns.ts";
import type { Faults } from "./faults.ts";

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

/** What a parser is given. */
export interface ParserContext {
  readonly faults: Faults;
  /** Where families of keys are asked for. */
  readonly families: KeyFamilies | undefined;
  /** Which column of a table is what, where that was told. */
  readonly columns: Columns | undefined;
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
}

/** A format as the registry knows it. */
export interface TraceFormat {
  readonly name: string;
  readonly description: string;
  /** Whether its records carry sizes; a table's header may tell. */
  hasSizes(head: TraceHead, columns: Columns | undefined): boolean;
  /** Whether a trace is of this format, judged by content and file name. */
  matches(head: TraceHead): boolean;
  open(context: ParserContext): TraceParser;
}
