import type { TrackingCommands } from "../commands/client-context.ts";
import type { Command } from "../commands/command.ts";
import { SYNTAX_ERROR } from "../commands/command-errors.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1, utf8 } from "../lib/bytes.ts";
import type { HashKey } from "../lib/sip-hash.ts";
import type { Connection } from "../net/connection.ts";
import type { ReplyWriter, Request } from "../protocol/protocol.ts";
import { RespWriter } from "../protocol/resp-writer.ts";
import { type BroadcastClient, BroadcastTable } from "./broadcast-table.ts";
import type { KeyTracker } from "./key-tracker.ts";
import { parseTrackingOptions, refuseTracking, type TrackingOptions } from "./tracking-options.ts";
import { MOST_TRACKED_KEYS, type Trackers, TrackingTable } from "./tracking-table.ts";

const INVALIDATE = utf8("invalidate");
/** Most keys remembered by default. */
const DEFAULT_MAX_KEYS = 1_000_000;
const NOT_TRACKING =
  "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled";

/** A client that tracks. A change of its options replaces the object. */
interface TrackingClient extends TrackingOptions, BroadcastClient {
  /** Whether CLIENT CACHING was called for the next command. */
  cachingSaid: boolean;
  /** Whether the client that receives its invalidations has gone. */
  isBroken: boolean;
}

export interface TrackingHost {
  /** Secret of the key hash. */
  readonly hashKey: HashKey;
  /** Returns the client with this id; undefined when it has gone. */
  findClient(id: number): Connection | undefined;
  /** Runs a function at the end of this turn of the event loop; `setImmediate` by default. */
  schedule?(run: () => void): void;
}

const BROKEN_REDIRECTION = utf8("tracking-redir-broken");
/** Where RESP2 clients receive redirected invalidations. */
const INVALIDATION_CHANNEL = utf8("__redis__:invalidate");
const MESSAGE = utf8("message");

/**
 * Server-assisted client-side caching (CLIENT TRACKING). When a key changes, it sends an invalidation to every client
 * that has read the key or tracks a prefix of it, so that the client drops the key from its own cache. It behaves as
 * Redis 7. A RESP3 client gets invalidations over its own connection or over another client's (REDIRECT). A RESP2
 * client must redirect to a client that speaks RESP3 or is subscribed.
 *
 * A bounded table remembers which keys clients have read. A key that must leave the table is invalidated, because its
 * later changes would not be noticed. An invalidation caused by the client's own command follows that command's
 * reply. Other clients get it at once. Invalidations by prefix are collected, and sent at the end of each turn of the
 * event loop.
 */
export class Tracking implements KeyTracker, TrackingCommands {
  readonly #clients = new Map<number, TrackingClient>();
  readonly #table: TrackingTable;
  readonly #broadcasts: BroadcastTable;
  readonly #host: TrackingHost;
  readonly #message = new ByteBuffer(256);
  /** Where the keys begin in the message. */
  #bodyAt = 0;
  readonly #published = new ByteBuffer(256);
  readonly #writer = new RespWriter(this.#message, 3);
  readonly #schedule: (run: () => void) => void;
  #broadcastScheduled = false;
  #maxKeys = DEFAULT_MAX_KEYS;

  constructor(host: TrackingHost) {
    const { hashKey } = host;
    this.#host = host;
    this.#table = new TrackingTable({ isLive: (clientId) => this.#clients.has(clientId), hashKey });
    this.#broadcasts = new BroadcastTable(hashKey);
    this.#schedule = host.schedule ?? ((run) => setImmediate(run));
  }

  // ---- for INFO and CONFIG

  get clientCount(): number {
    return this.#clients.size;
  }

  /** Keys remembered for clients in default mode. */
  get keyCount(): number {
    return this.#table.keyCount;
  }

  /** Pairs of a key and a client that has read it. */
  get itemCount(): number {
    return this.#table.itemCount;
  }

  get prefixCount(): number {
    return this.#broadcasts.prefixCount;
  }

  /** Most keys remembered; 0 means as many as possible. */
  get maxKeys(): number {
    return this.#maxKeys;
  }

  set maxKeys(count: number) {
    this.#maxKeys = count;
    this.#evict();
  }

  /** Returns the client's flags in CLIENT LIST: `t` when it tracks, `B` in BCAST mode. */
  flagsOf(connection: Connection): string {
    const client = this.#clients.get(connection.id);
    if (client === undefined) return "";
    return `t${client.isBroken ? "R" : ""}${client.broadcast ? "B" : ""}`;
  }

  // ---- called by sessions

  /** Remembers the keys that a command has read, existing or not. Called after each command, within EXEC or not. */
  executed(connection: Connection, command: Command<never>, request: Request): void {
    if (this.#clients.size === 0 || !command.flags.includes("readonly")) return;
    const client = this.#clients.get(connection.id);
    if (client !== undefined && remembers(client)) this.#remember(connection, command, request);
  }

  /**
   * Ends the effect of CLIENT CACHING, which covers one request, or all from MULTI to EXEC. Called outside of these.
   */
  requestEnded(connection: Connection, command: Command<never>): void {
    if (this.#clients.size === 0 || command.name === "client") return;
    const client = this.#clients.get(connection.id);
    if (client !== undefined) client.cachingSaid = false;
  }

  /** Forgets a client that has gone or is reset. */
  forget(connection: Connection): void {
    const client = this.#clients.get(connection.id);
    if (client === undefined) return;
    this.#clients.delete(connection.id);
    connection.redirection = -1;
    for (const prefix of client.prefixes) this.#broadcasts.remove(prefix, client);
  }

  // ---- changes

  keyChanged(bytes: Uint8Array, start: number, end: number, by: Connection | undefined): void {
    if (this.#clients.size === 0) return;
    if (this.#broadcasts.prefixCount > 0 && this.#broadcasts.changed(bytes, start, end, by)) {
      this.#scheduleBroadcast();
    }
    const trackers = this.#table.take(bytes, start, end);
    if (trackers !== undefined) this.#invalidate(bytes, start, end, trackers, by);
  }

  flushed(_by: Connection | undefined): void {
    this.#table.clear();
    if (this.#clients.size === 0) return;
    this.#beginMessage();
    this.#writer.null();
    for (const client of this.#clients.values()) this.#send(client);
  }

  // ---- CLIENT TRACKING, TRACKINGINFO, CACHING, GETREDIR

  change(connection: Connection, request: Request, reply: ReplyWriter): void {
    const wanted = parseTrackingOptions(request, (id) => this.#host.findClient(id) !== undefined);
    if (typeof wanted === "string") {
      reply.error(wanted);
      return;
    }
    if (!wanted.on) {
      this.forget(connection);
      reply.ok();
      return;
    }
    const before = this.#clients.get(connection.id);
    const refusal = refuseTracking(wanted, before);
    if (refusal !== undefined) {
      reply.error(refusal);
      return;
    }
    this.#enable(connection, wanted, before);
    reply.ok();
  }

  describe(connection: Connection, reply: ReplyWriter): void {
    const client = this.#clients.get(connection.id);
    const flags = client === undefined ? ["off"] : describeOptions(client);
    const prefixes = [...(client?.prefixes ?? [])].sort();
    reply.map(3);
    reply.bulkText("flags");
    reply.set(flags.length);
    for (const flag of flags) reply.bulkText(flag);
    reply.bulkText("redirect");
    reply.integer(connection.redirection);
    reply.bulkText("prefixes");
    reply.array(prefixes.length);
    for (const prefix of prefixes) reply.bulk(fromLatin1(prefix));
  }

  caching(connection: Connection, request: Request, reply: ReplyWriter): void {
    const client = this.#clients.get(connection.id);
    const word = request.text(2).toLowerCase();
    if (client === undefined) reply.error(NOT_TRACKING);
    else if (word === "yes" && !client.optIn) {
      reply.error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.");
    } else if (word === "no" && !client.optOut) {
      reply.error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.");
    } else if (word === "yes" || word === "no") {
      client.cachingSaid = true;
      reply.ok();
    } else reply.error(SYNTAX_ERROR);
  }

  #enable(connection: Connection, wanted: TrackingOptions, before: TrackingClient | undefined): void {
    // No prefix means every key. Prefixes given earlier stay.
    const added = wanted.broadcast && wanted.prefixes.length === 0 ? [""] : wanted.prefixes;
    const prefixes = [...new Set([...(before?.prefixes ?? []), ...added])];
    if (before !== undefined) this.forget(connection);
    const client: TrackingClient = {
      ...wanted,
      prefixes,
      connection,
      cachingSaid: before?.cachingSaid ?? false,
      isBroken: false,
    };
    this.#clients.set(connection.id, client);
    connection.redirection = wanted.redirect;
    for (const prefix of prefixes) this.#broadcasts.add(prefix, client);
  }

  // ---- the table

  #remember(connection: Connection, command: Command<never>, request: Request): void {
    if (command.keys === undefined) return;
    const [first, lastKey, step] = command.keys;
    const last = lastKey < 0 ? request.count + lastKey : Math.min(lastKey, request.count - 1);
    for (let index = first; index <= last; index += step) {
      this.#table.add(request.bytes, request.starts[index]!, request.ends[index]!, connection.id);
    }
    this.#evict();
  }

  /**
   * Keeps the table within its bound. Keys that leave it are invalidated, because their later changes would not be
   * noticed.
   */
  #evict(): void {
    const most = this.#maxKeys === 0 ? MOST_TRACKED_KEYS : Math.min(this.#maxKeys, MOST_TRACKED_KEYS);
    while (this.#table.keyCount > most) {
      const { key, trackers } = this.#table.takeOldest()!;
      this.#invalidate(key, 0, key.length, trackers, undefined);
    }
  }

  // ---- messages

  #invalidate(
    bytes: Uint8Array,
    start: number,
    end: number,
    trackers: Trackers,
    by: Connection | undefined,
  ): void {
    this.#beginMessage();
    this.#writer.array(1);
    this.#writer.bulk(bytes, start, end);
    if (typeof trackers === "number") this.#sendTo(trackers, by);
    else for (const clientId of trackers) this.#sendTo(clientId, by);
  }

  #sendTo(clientId: number, by: Connection | undefined): void {
    const client = this.#clients.get(clientId);
    // The client may have turned tracking off, or changed to prefixes, since it read the key.
    if (client === undefined || client.broadcast) return;
    if (client.noLoop && client.connection === by) return;
    this.#send(client);
  }

  #scheduleBroadcast(): void {
    if (this.#broadcastScheduled) return;
    this.#broadcastScheduled = true;
    this.#schedule(() => {
      this.#broadcastScheduled = false;
      this.#broadcast();
    });
  }

  #broadcast(): void {
    this.#broadcasts.takeMessages((client, keys) => {
      this.#beginMessage();
      this.#writer.array(keys.length);
      for (const key of keys) this.#writer.bulk(key);
      this.#send(client as TrackingClient);
    });
    this.#message.clear(KEEP_MESSAGE_BYTES);
  }

  #beginMessage(): void {
    this.#message.clear();
    this.#writer.push(2);
    this.#writer.bulk(INVALIDATE);
    this.#bodyAt = this.#message.length;
  }

  #send(client: TrackingClient): void {
    const { redirect } = client;
    const target = redirect === 0 ? client.connection : this.#host.findClient(redirect);
    if (target === undefined) this.#tellBroken(client);
    else if (target.respVersion === 3) target.pushBytes(this.#message.bytes, 0, this.#message.length);
    else if (redirect !== 0 && target.isSubscribed) this.#publish(target);
  }

  /** Publishes the message to a subscribed RESP2 client, whatever it is subscribed to. */
  #publish(target: Connection): void {
    const out = this.#published;
    out.clear(KEEP_MESSAGE_BYTES);
    const writer = new RespWriter(out, 2);
    writer.push(3);
    writer.bulk(MESSAGE);
    writer.bulk(INVALIDATION_CHANNEL);
    // The message of a flush is a null, which RESP2 writes differently.
    if (this.#message.bytes[this.#bodyAt] === RESP3_NULL) writer.null();
    else out.append(this.#message.bytes, this.#bodyAt, this.#message.length);
    target.pushBytes(out.bytes, 0, out.length);
  }

  /** Tells a client that its invalidations reach nobody, so it cannot trust its cache. */
  #tellBroken(client: TrackingClient): void {
    client.isBroken = true;
    if (client.connection.respVersion !== 3) return;
    const out = this.#published;
    out.clear(KEEP_MESSAGE_BYTES);
    const writer = new RespWriter(out, 3);
    writer.push(2);
    writer.bulk(BROKEN_REDIRECTION);
    writer.integer(client.redirect);
    client.connection.pushBytes(out.bytes, 0, out.length);
  }
}

/** A larger message buffer is given back. */
const KEEP_MESSAGE_BYTES = 64 * 1024;
const RESP3_NULL = 0x5f;

/** Whether to remember what the client reads now. */
function remembers(client: TrackingClient): boolean {
  if (client.broadcast) return false;
  if (client.optIn) return client.cachingSaid;
  return !(client.optOut && client.cachingSaid);
}

function describeOptions(client: TrackingClient): string[] {
  const flags = ["on"];
  if (client.broadcast) flags.push("bcast");
  if (client.optIn) flags.push("optin");
  if (client.optIn && client.cachingSaid) flags.push("caching-yes");
  if (client.optOut) flags.push("optout");
  if (client.optOut && client.cachingSaid) flags.push("caching-no");
  if (client.noLoop) flags.push("noloop");
  if (client.isBroken) flags.push("broken_redirect");
  return flags;
}
