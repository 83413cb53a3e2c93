import { fromUtf8 } from "../../lib/bytes.ts";
import type { RecordBatch } from "../../replay/records.ts";
import { LineParser } from "./line-parser.ts";
import { applyCommand } from "./monitor-commands.ts";
import { MonitorLine } from "./monitor-line.ts";
import { MonitoredKeyspace } from "./monitored-keyspace.ts";
import { isPreamble, withoutColors } from "./preamble.ts";
import { copyRecord } from "./record-fields.ts";
import type { ParserContext, TraceFormat } from "./trace-format.ts";

/** Allows a prefix written by a container or a log collector. */
const LINE = /(?:^|[^0-9.])[0-9]+\.[0-9]+ \[[0-9]+ .*?\] "/;
/** The first command is within this many lines. */
const LINES_BEFORE = 10;
/** The reply to MONITOR and messages of redis-cli are no longer than this. */
const GREETING_LIMIT_BYTES = 200;
const IGNORED = "commands that neither read nor change values";

/**
 * The output of Redis's MONITOR, as `redis-cli MONITOR` prints it or as it is on the wire. A command becomes a record
 * for each of its keys. Commands that read do not tell the size of the value; it is the size last written.
 */
export const monitor: TraceFormat = {
  name: "monitor",
  description: "the output of Redis's MONITOR",
  hasSizes: () => true,
  matches: ({ isText, lines, hasColumns }) =>
    isText && !hasColumns && lines.slice(0, LINES_BEFORE).some((line) => LINE.test(line)),
  open: (context) => new MonitorLines(context),
};

/** Whether a line is the reply to MONITOR, or a message of redis-cli before it. */
function isGreeting(line: string): boolean {
  const plain = withoutColors(line);
  return plain === "" || /(?:^|[ |])\+?OK$/.test(plain) || isPreamble(plain);
}

class MonitorLines extends LineParser {
  readonly #line = new MonitorLine();
  readonly #keyspace: MonitoredKeyspace;
  /** Number of the current command's records that have been passed on. */
  #taken = 0;
  /** Commands of modules and of later versions, in words. */
  #unknown: string | undefined;

  constructor({ faults, families }: ParserContext) {
    super(faults);
    this.#keyspace = new MonitoredKeyspace(this.#line, families);
  }

  protected override line(bytes: Uint8Array, start: number, end: number, batch: RecordBatch): void {
    const line = this.#line;
    const problem = line.read(bytes, start, end);
    if (problem !== undefined) {
      const isShort = end - start <= GREETING_LIMIT_BYTES;
      if (isShort && isGreeting(fromUtf8(bytes.subarray(start, end)))) return;
      this.bad(problem);
      return;
    }
    const keyspace = this.#keyspace;
    this.#taken = 0;
    keyspace.records.count = 0;
    const isKnown = applyCommand(keyspace);
    if (!isKnown) {
      this.#unknown ??= `commands that are not known, such as ${line.shown(0)}`;
      this.faults.ignore(this.#unknown);
    } else if (keyspace.records.count === 0) this.faults.ignore(IGNORED);
    else this.resume(batch);
  }

  protected override resume(batch: RecordBatch): void {
    const { records } = this.#keyspace;
    while (this.#taken < records.count && !batch.isFull) copyRecord(records, this.#taken++, batch);
  }
}
