import { mix32 } from "../../lib/hash.ts";
import { DELETE, type RecordBatch } from "../records.ts";
import { LineParser } from "./line-parser.ts";
import { MONITORED_COMMANDS, type MonitoredCommand } from "./monitor-commands.ts";
import { MonitorLine } from "./monitor-line.ts";
import { isPreamble } from "./preamble.ts";
import { addKey, quantity } from "./record-fields.ts";
import { SizeMemory } from "./size-memory.ts";
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
  readonly #families: ParserContext["families"];
  readonly #sizes = new SizeMemory();
  readonly #line = new MonitorLine();
  /** The command under way: its next key, and the last. */
  #command: MonitoredCommand | undefined;
  #key = 0;
  #lastKey = 0;
  #ttlMs = 0;

  constructor({ faults, families }: ParserContext) {
    super(faults);
    this.#families = families;
  }

  protected override line(bytes: Uint8Array, start: number, end: number, batch: RecordBatch): void {
    const line = this.#line;
    const problem = line.read(bytes, start, end);
    if (problem !== undefined) {
      const isShort = end - start <= GREETING_LIMIT_BYTES;
      if (isShort && isGreeting(Buffer.from(bytes.subarray(start, end)).toString())) return;
      this.bad(problem);
      return;
    }
    const command = MONITORED_COMMANDS.get(line.text(0).toLowerCase());
    const [first, last] = command?.keys ?? [1, 1, 1];
    const lastKey = last < 0 ? line.count + last : last;
    if (command === undefined || lastKey < first || lastKey >= line.count) {
      this.faults.ignore(IGNORED);
      return;
    }
    this.#command = command;
    this.#key = first;
    this.#lastKey = lastKey;
    this.#ttlMs = this.#timeToLive(command);
    this.resume(batch);
  }

  protected override resume(batch: RecordBatch): void {
    const command = this.#command;
    if (command === undefined) return;
    const line = this.#line;
    for (; this.#key <= this.#lastKey; this.#key += command.keys[2]) {
      if (batch.isFull) return;
      const i = batch.count;
      const key = this.#key;
      addKey(batch, line.bytes, line.starts[key]!, line.ends[key]!, this.#families);
      if (line.database !== 0) batch.keyHigh[i]! ^= mix32(line.database);
      const value = key + command.valueAfterKey;
      const isKnown = command.valueAfterKey > 0 && value < line.count;
      // Of an empty value the size is 1, for 0 stands for not known.
      batch.size[i] = isKnown ? Math.max(1, line.ends[value]! - line.starts[value]!) : 0;
      this.#sizes.complete(batch, i);
      if (command.operation === DELETE) batch.size[i] = 1;
      batch.operation[i] = command.operation;
      batch.timeMs[i] = line.timeMs;
      batch.ttlMs[i] = this.#ttlMs;
    }
    this.#command = undefined;
  }

  /** In milliseconds, 0: none. */
  #timeToLive({ ttl, optionsFrom }: MonitoredCommand): number {
    const line = this.#line;
    if (ttl !== undefined) return this.#number(ttl[0]) * ttl[1];
    for (let at = optionsFrom; optionsFrom > 0 && at + 1 < line.count; at++) {
      switch (line.text(at).toLowerCase()) {
        case "ex":
          return this.#number(at + 1) * 1000;
        case "px":
          return this.#number(at + 1);
        case "exat":
          return Math.max(1, this.#number(at + 1) * 1000 - line.timeMs);
        case "pxat":
          return Math.max(1, this.#number(at + 1) - line.timeMs);
      }
    }
    return 0;
  }

  #number(index: number): number {
    const line = this.#line;
    if (index >= line.count) return 0;
    return quantity(line.bytes, line.starts[index]!, line.ends[index]!) || 0;
  }
}
