import { ByteBuffer, type ValueSink } from "../lib/byte-buffer.ts";
import { JsonObjectWriter } from "../protocol/json-object-writer.ts";
import type { TextWriter } from "../protocol/text-writer.ts";
import type { ServerContext } from "./context.ts";

/** Keys visited in one step. Other clients wait at most for one step. */
const KEYS_PER_STEP = 128;
/** Reply bytes that are gathered before they are sent. */
const BYTES_PER_STEP = 64 * 1024;

/**
 * Runs DUMP: streams all keys and values as one JSON object in one line.
 *
 * It reads in small steps and serves other clients in between. So a change made meanwhile may or may not show. A key
 * that exists throughout appears once. A slow client slows the reading down: memory holds at most one step, the limit
 * on waiting replies, and one value. Everything sent is as durable as in a reply to GET.
 */
export function dump(context: ServerContext): void {
  const { connection, host } = context;
  const ticket = connection.defer();
  // The client's later requests wait for the dump, because their replies must follow it.
  connection.hold();
  stream()
    .catch((error: unknown) => {
      // The reply has begun. Only cutting the connection can tell the client that it is incomplete.
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
      // First collects the keys of a step: the engine cannot be asked for values during its walk.
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
      // This `settle` covers the values just read; otherwise the next client's would wait for them.
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

/** Keeps the value delivered to it. */
class Collector implements ValueSink {
  readonly buffer = new ByteBuffer(1024);

  openValue(lengthBytes: number): ByteBuffer {
    this.buffer.reserve(lengthBytes);
    return this.buffer;
  }

  closeValue(): void {}
}

/** Lets all waiting events run first. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
