import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1, utf8 } from "../lib/bytes.ts";
import type { Connection } from "../net/connection.ts";
import { RespWriter } from "../protocol/resp-writer.ts";

const MESSAGE = utf8("message");

/** Who is subscribed to which channel. Names are strings of one character a byte. */
export class Channels {
  readonly #subscribers = new Map<string, Set<Connection>>();
  /** The channels of each subscriber, in the order of its subscriptions. */
  readonly #channelsOf = new Map<Connection, Set<string>>();

  get count(): number {
    return this.#subscribers.size;
  }

  /** A client that RESP2 lets do nothing else, as all that it is sent are messages. */
  isSubscriber(connection: Connection): boolean {
    return connection.channels > 0;
  }

  subscribe(connection: Connection, channel: string): void {
    const channels = this.#channelsOf.get(connection) ?? new Set();
    this.#channelsOf.set(connection, channels.add(channel));
    const subscribers = this.#subscribers.get(channel) ?? new Set();
    this.#subscribers.set(channel, subscribers.add(connection));
    this.#changed(connection, channels);
  }

  unsubscribe(connection: Connection, channel: string): void {
    const channels = this.#channelsOf.get(connection);
    if (channels?.delete(channel) !== true) return;
    const subscribers = this.#subscribers.get(channel)!;
    subscribers.delete(connection);
    if (subscribers.size === 0) this.#subscribers.delete(channel);
    if (channels.size === 0) this.#channelsOf.delete(connection);
    this.#changed(connection, channels);
  }

  channelsOf(connection: Connection): string[] {
    return [...(this.#channelsOf.get(connection) ?? [])];
  }

  /** The client has gone, or is reset. */
  forget(connection: Connection): void {
    for (const channel of this.channelsOf(connection)) this.unsubscribe(connection, channel);
  }

  /** @returns how many clients the message was sent to */
  publish(channel: Uint8Array, message: Uint8Array): number {
    const subscribers = this.#subscribers.get(latin1(channel, 0, channel.length));
    if (subscribers === undefined) return 0;
    const out = new ByteBuffer(channel.length + message.length + 64);
    for (const connection of subscribers) {
      out.clear();
      const writer = new RespWriter(out, connection.respVersion);
      writer.push(3);
      writer.bulk(MESSAGE);
      writer.bulk(channel);
      writer.bulk(message);
      connection.pushBytes(out.bytes, 0, out.length);
    }
    return subscribers.size;
  }

  #changed(connection: Connection, channels: ReadonlySet<string>): void {
    connection.channels = channels.size;
    connection.exemptFromIdleTimeout = channels.size > 0;
  }
}
