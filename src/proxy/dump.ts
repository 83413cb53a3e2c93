import type { Connection } from "../net/connection.ts";
import type { Ticket } from "../net/ticket.ts";
import { JsonObjectWriter } from "../protocol/json-object-writer.ts";
import type { ReplyReader } from "../protocol/reply-reader.ts";
import { BULK_ERROR, ERROR } from "../protocol/reply-types.ts";
import { decodeReply } from "../protocol/reply-value.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { NO_PREFIX, type TextWriter } from "../protocol/text-writer.ts";
import { UpstreamRequest } from "../upstream/connection.ts";
import type { Origin } from "../upstream/origin.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import { failureMessage } from "./forwarded-request.ts";
import type { ProxyStats } from "./proxy-stats.ts";
import { RecentNames } from "./recent-names.ts";

const KEYS_PER_STEP = "1000";
const FIRST_VALUES = 16;
const MOST_VALUES = 1000;
/** How many bytes of values one step is meant to bring: values may be large, and memory is to stay bounded. */
const STEP_BYTES = 256 * 1024;

/**
 * DUMP through the proxy: every string the origin holds, as one JSON object in one line, read from the origin in
 * steps (SCAN, MGET) and streamed. Keys of other types are left out. A key that the origin names twice, far apart, is in
 * it twice: to remember all names would take memory without bounds. When the origin fails in the middle, the line
 * cannot be completed and the connection ends.
 */
export async function dumpOrigin(
  origin: Origin,
  connection: Connection,
  ticket: Ticket,
  stats: ProxyStats,
): Promise<void> {
  const reply = ticket.reply as TextWriter;
  reply.prefix = NO_PREFIX;
  const json = new JsonObjectWriter(reply.out);
  let hasSent = false;
  try {
    // SCAN may name a key twice while the origin resizes its table.
    const seen = new RecentNames();
    let cursor = "0";
    let valuesPerStep = FIRST_VALUES;
    json.begin();
    do {
      const scanned = await ask(origin, ["SCAN", cursor, "COUNT", KEYS_PER_STEP]);
      const [next, keys] = scanned as [Uint8Array, Uint8Array[]];
      cursor = text(next);
      const fresh = keys.filter((key) => seen.add(text(key)));
      for (let at = 0; at < fresh.length && !connection.isClosed; ) {
        const some = fresh.slice(at, at + valuesPerStep);
        const values = (await ask(origin, ["MGET", ...some])) as (Uint8Array | null)[];
        const bytes = writeEntries(json, some, values);
        at += some.length;
        valuesPerStep = nextStep(valuesPerStep, bytes / some.length);
        hasSent = true;
        await ticket.flush();
      }
    } while (cursor !== "0" && !connection.isClosed);
    json.end();
    reply.endRaw();
  } catch (error) {
    if (hasSent) connection.terminate();
    else {
      ticket.buffer.clear();
      reply.error(
        error instanceof UpstreamError ? failureMessage(error, false, stats) : (error as Error).message,
      );
    }
  } finally {
    ticket.done();
  }
}

/** @returns how many bytes the values have */
function writeEntries(
  json: JsonObjectWriter,
  keys: readonly Uint8Array[],
  values: readonly (Uint8Array | null)[],
): number {
  let bytes = 0;
  for (let index = 0; index < keys.length; index++) {
    const value = values[index];
    if (value == null) continue;
    json.entry(keys[index]!, value);
    bytes += value.length;
  }
  return bytes;
}

/** How many values to ask for next, after so many of that size; never suddenly many more. */
function nextStep(count: number, bytesPerValue: number): number {
  return Math.max(1, Math.min(MOST_VALUES, count * 2, Math.floor(STEP_BYTES / Math.max(bytesPerValue, 1))));
}

function ask(origin: Origin, command: readonly (string | Uint8Array)[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const side = origin.side(2);
    writeCommand(side.out, command);
    side.enqueue(new Question(resolve, reject));
  });
}

class Question extends UpstreamRequest {
  readonly #resolve: (value: unknown) => void;
  readonly #reject: (error: Error) => void;

  constructor(resolve: (value: unknown) => void, reject: (error: Error) => void) {
    super();
    this.#resolve = resolve;
    this.#reject = reject;
  }

  override reply(bytes: Uint8Array, start: number, end: number, reader: ReplyReader): void {
    if (reader.type === ERROR || reader.type === BULK_ERROR) {
      this.#reject(new Error(Buffer.from(bytes.subarray(reader.valueStart, reader.valueEnd)).toString()));
    } else {
      this.#resolve(decodeReply(bytes, start, end));
    }
  }

  override failed(error: UpstreamError): void {
    this.#reject(error);
  }
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
