import type { Connection } from "../net/connection.ts";
import type { Ticket } from "../net/ticket.ts";
import { JsonObjectWriter } from "../protocol/json-object-writer.ts";
import { decodeReply } from "../protocol/reply-value.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { NO_PREFIX, type TextWriter } from "../protocol/text-writer.ts";
import { CallbackRequest, type Replied } from "../upstream/callback-request.ts";
import { readErrorReply } from "../upstream/error-reply.ts";
import { type Origin, usesHashSlots } from "../upstream/origin.ts";
import type { OriginNode } from "../upstream/origin-node.ts";
import { UpstreamError } from "../upstream/upstream-error.ts";
import type { Upstream } from "../upstream/upstream-request.ts";
import { failureMessage } from "./forwarded-request.ts";
import type { ProxyStats } from "./proxy-stats.ts";
import { RecentNames } from "./recent-names.ts";

const KEYS_PER_STEP = "1000";
const FIRST_VALUES = 16;
const MOST_VALUES = 1000;
/** The bytes of values that one step should fetch. Values may be large, and memory must stay bounded. */
const STEP_BYTES = 256 * 1024;

/**
 * DUMP through the proxy: all strings of the origin as one JSON object in one line, read in steps (SCAN, MGET) and
 * streamed. Keys of other types are left out. A key that SCAN returns twice, far apart, appears twice: remembering
 * all names would take unbounded memory. If the origin fails in the middle, the line cannot be completed, and the
 * connection ends.
 * @returns whether it has been completed
 */
export async function dumpOrigin(
  origin: Origin,
  connection: Connection,
  ticket: Ticket,
  stats: ProxyStats,
): Promise<boolean> {
  const reply = ticket.reply as TextWriter;
  reply.prefix = NO_PREFIX;
  const json = new JsonObjectWriter(reply.out);
  let hasSent = false;
  try {
    if (origin.nodes.length === 0) throw origin.lastError;
    json.begin();
    let valuesPerStep = FIRST_VALUES;
    for (const node of origin.nodes) {
      // SCAN may return a key twice while the node resizes its table.
      const seen = new RecentNames();
      let cursor = "0";
      do {
        const scanned = await ask(node, ["SCAN", cursor, "COUNT", KEYS_PER_STEP]);
        const [next, keys] = scanned as [Uint8Array, Uint8Array[]];
        cursor = text(next);
        const fresh = keys.filter((key) => seen.add(text(key)));
        for (let at = 0; at < fresh.length && !connection.isClosed; ) {
          const some = fresh.slice(at, at + valuesPerStep);
          const bytes = writeEntries(json, some, await valuesOf(origin, node, some));
          at += some.length;
          valuesPerStep = nextStep(valuesPerStep, bytes / some.length);
          hasSent = true;
          await ticket.flush();
        }
      } while (cursor !== "0" && !connection.isClosed);
    }
    json.end();
    reply.endRaw();
    return true;
  } catch (error) {
    if (hasSent) connection.terminate();
    else {
      ticket.buffer.clear();
      reply.error(
        error instanceof UpstreamError ? failureMessage(error, false, stats) : (error as Error).message,
      );
    }
    return false;
  } finally {
    ticket.done();
  }
}

/** @returns the bytes of all values */
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

/** Returns how many values to ask for next, judging by the last step. The number never rises steeply. */
function nextStep(count: number, bytesPerValue: number): number {
  return Math.max(1, Math.min(MOST_VALUES, count * 2, Math.floor(STEP_BYTES / Math.max(bytesPerValue, 1))));
}

/** Returns the strings of some keys of a node; null for a key that holds no string, or is there no longer. */
async function valuesOf(
  origin: Origin,
  node: OriginNode,
  keys: readonly Uint8Array[],
): Promise<(Uint8Array | null)[]> {
  if (!usesHashSlots(origin)) return (await ask(node, ["MGET", ...keys])) as (Uint8Array | null)[];
  // Keys of several hash slots cannot be asked for at once.
  const ofAnotherType = (error: Error): null => {
    if (error.message.startsWith("WRONGTYPE")) return null;
    throw error;
  };
  const values = keys.map((key) => ask(node, ["GET", key]).catch(ofAnotherType));
  return (await Promise.all(values)) as (Uint8Array | null)[];
}

function ask(node: OriginNode, command: readonly (string | Uint8Array)[]): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const side = node.side(2);
    writeCommand(side.out, command);
    const replied: Replied = (bytes, start, end, reader) => {
      const error = readErrorReply(bytes, reader);
      if (error === undefined) resolve(decodeReply(bytes, start, end));
      else reject(new Error(error.text));
    };
    const again = (to: Upstream): void => writeCommand(to.out, command);
    side.enqueue(new CallbackRequest(replied, reject, again, 2));
  });
}

function text(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString("latin1");
}
