import type { SubscribedNames } from "../commands/client.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1, latin1, utf8 } from "../lib/bytes.ts";
import { matchesGlob } from "../lib/glob.ts";
import type { Connection } from "../net/connection.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import { Subscriptions } from "./subscriptions.ts";

const MESSAGE = utf8("message");
const PATTERN_MESSAGE = utf8("pmessage");
const SHARD_MESSAGE = utf8("smessage");

/** What a client can subscribe to: channels, patterns of their names, and shard channels, which are separate. */
export type SubscriptionKind = "channels" | "patterns" | "shardChannels";

/** The subscriptions of all clients. Names are strings of one character a byte. */
export class Channels {
  readonly channels = new Subscriptions();
  readonly patterns = new Subscriptions();
  readonly shardChannels = new Subscriptions();

  subscribe(connection: Connection, kind: SubscriptionKind, name: string): void {
    this[kind].add(connection, name);
    this.#changed(connection, kind);
  }

  unsubscribe(connection: Connection, kind: SubscriptionKind, name: string): void {
    this[kind].remove(connection, name);
    this.#changed(connection, kind);
  }

  /** The names that a client is subscribed to. */
  namesOf(connection: Connection): SubscribedNames {
    const channels = [...this.channels.of(connection), ...this.shardChannels.of(connection)];
    return { channels, patterns: this.patterns.of(connection) };
  }

  /** Drops all subscriptions of a client that has gone or is reset. */
  forget(connection: Connection): void {
    for (const kind of ["channels", "patterns", "shardChannels"] as const) {
      for (const name of this[kind].of(connection)) this.unsubscribe(connection, kind, name);
    }
  }

  /**
   * Sends a message to the subscribers of the channel, then to those of patterns that match its name.
   * @returns how many times it was sent
   */
  publish(channel: Uint8Array, message: Uint8Array): number {
    let count = this.#send(this.channels.subscribers(nameOf(channel)), [MESSAGE, channel, message]);
    for (const pattern of this.patterns.names()) {
      const bytes = fromLatin1(pattern);
      if (!matchesGlob(bytes, channel)) continue;
      count += this.#send(this.patterns.subscribers(pattern), [PATTERN_MESSAGE, bytes, channel, message]);
    }
    return count;
  }

  /** Publishes as `publish`, to a shard channel. */
  publishToShard(channel: Uint8Array, message: Uint8Array): number {
    return this.#send(this.shardChannels.subscribers(nameOf(channel)), [SHARD_MESSAGE, channel, message]);
  }

  #send(subscribers: ReadonlySet<Connection> | undefined, parts: readonly Uint8Array[]): number {
    if (subscribers === undefined) return 0;
    const out = new ByteBuffer(parts.reduce((bytes, part) => bytes + part.length + 16, 16));
    for (const connection of subscribers) {
      out.clear();
      const writer = new RespWriter(out, connection.respVersion);
      writer.push(parts.length);
      for (const part of parts) writer.bulk(part);
      connection.pushBytes(out.bytes, 0, out.length);
    }
    return subscribers.size;
  }

  #changed(connection: Connection, kind: SubscriptionKind): void {
    connection[kind] = this[kind].countOf(connection);
    connection.exemptFromIdleTimeout = connection.isSubscribed;
  }
}

function nameOf(channel: Uint8Array): string {
  return latin1(channel, 0, channel.length);
}
