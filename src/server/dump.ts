import { ByteBuffer, type ValueSink } from "../lib/byte-buffer.ts";
import { JsonObjectWriter } from "../protocol/json-object-writer.ts";
import type { TextWriter } from "../protocol/text-writer.ts";
import type { ServerContext } from "./context.ts";

/** Keys that one step visits: what others wait for at most. */
const KEYS_PER_STEP = 128;
/** Reply bytes after which they are sent. */
const BYTES_PER_STEP = 64 * 1024;

/**
 * DUMP: all keys and values as one JSON object in one line, streamed. It is read in small steps between which
 * others are served, so a change made meanwhile may be in it or not; a key that is there all the time is in it
 * once. A client that reads slowly slows the reading down: never more than a step, the limit on waiting replies
 * and one value are held in memory. Nothing is sent that is not yet as durable as a reply to GET would be.
 */
export function dump(context: ServerContext): void {
  const { connection, host } = context;
  const ticket = connection.defer();
  // Its further requests are executed after the dump, as its own replies would be.
  connection.hold();
  stream()
    .catch((error: unknown) => {
      // The reply has begun: that it is not complete can only be told by cutting the connection.
      host.log.error({ err: error }, "DUMP failed");
      connection.terminate();
    })
    .finally(() => {
      ticket.done();
      connection.release();
    });

  async function stream(): Promise<void> {
    const { engine } = host;
    const json = new JsonObjectWriter(ticket.buffer);
    const value = new Collector();
    let keys: Uint8Array[] = [];
    const collect = (key: Uint8Array): void => {
      keys.push(new Uint8Array(key));
    };
    json.begin();
    let cursor = 0;
    do {
      // The keys of a step first: the engine is not asked for values while it is walking.
      keys = [];
      cursor = engine.scan(cursor, KEYS_PER_STEP, collect);
      for (const key of keys) {
        if (engine.read(key, 0, key.length, value)) {
          json.entry(key, value.buffer.bytes, 0, key.length, 0, value.buffer.length);
        }
        value.buffer.clear(BYTES_PER_STEP);
        if (ticket.buffer.length > BYTES_PER_STEP) await send();
        if (connection.isClosed) return;
      }
      // What was read must be known to be durable before others ask the same of the engine.
      await engine.settle();
      await nextTurn();
    } while (cursor !== 0 && !connection.isClosed);
    json.end();
    (ticket.reply as TextWriter).endRaw();
  }

  async function send(): Promise<void> {
    await host.engine.settle();
    await ticket.flush();
  }
}

/** Keeps the value that is delivered to it. */
class Collector implements ValueSink {
  readonly buffer = new ByteBuffer(1024);

  openValue(lengthBytes: number): ByteBuffer {
    this.buffer.reserve(lengthBytes);
    return this.buffer;
  }

  closeValue(): void {}
}

/** Lets everything that is waiting be handled first. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
