import { fromUtf8 } from "../../lib/bytes.ts";
import type { RecordBatch } from "../../replay/records.ts";
import { LineParser } from "./line-parser.ts";
import { applyCommand } from "./monitor-commands.ts";
import { MonitorLine } from "./monitor-line.ts";
import { MonitoredKeyspace } from "./monitored-keyspace.ts";
import { isPreamble } from "./preamble.ts";
import { copyRecord } from "./record-fields.ts";
import type { ParserContext, TraceFormat } from "./trace-format.ts";

/** Whatever a container or a collector of logs has put in front of it. */
const LINE = /(?:^|[^0-9.])[0-9]+\.[0-9]+ \[[0-9]+ .*?\] "/;
/** A command is among so many lines at the beginning. */
const LINES_BEFORE = 10;
/** What MONITOR is answered with, and messages, are no longer. */
const GREETING_LIMIT_BYTES = 200;
const IGNORED = "commands that neither read nor change values";

/**
 * The output of Redis's MONITOR, as `redis-cli MONITOR` prints it or as it comes over the wire. A command becomes a
 * record for each of its keys. Its reads do not tell the size of what they read: that is the one last written.
 */
export const monitor: TraceFormat = {
  name: "monitor",
  description: "the output of Redis's MONITOR",
  hasSizes: () => true,
  matches: ({ isText, lines, hasColumns }) =>
    isText && !hasColumns && lines.slice(0, LINES_BEFORE).some((line) => LINE.test(line)),
  open: (context) => new MonitorLines(context),
};

/** What MONITOR is answered with, and what redis-cli says before. */
function isGreeting(line: string): boolean {
  return line === "" || /(?:^|[ |])\+?OK$/.test(line) || isPreamble(line);
}

class MonitorLines extends LineParser {
  readonly #line = new MonitorLine();
  readonly #keyspace: MonitoredKeyspace;
  /** How many records of the command under way have been handed on. */
  #taken = 0;

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
    applyCommand(keyspace);
    if (keyspace.records.count === 0) this.faults.ignore(IGNORED);
    else this.resume(batch);
  }

  protected override resume(batch: RecordBatch): void {
    const { records } = this.#keyspace;
    while (this.#taken < records.count && !batch.isFull) copyRecord(records, this.#taken++, batch);
  }
}
