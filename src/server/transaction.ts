import type { Command } from "../commands/command.ts";
import { copyBytes } from "../lib/byte-buffer.ts";
import type { Connection } from "../net/connection.ts";
import { Request } from "../protocol/protocol.ts";
import type { Keyspace } from "./keyspace.ts";
import type { Watcher } from "./watch-table.ts";

/** A command waiting for EXEC, with its own copy of the request. */
export interface QueuedCommand<Context> {
  readonly command: Command<Context>;
  readonly request: Request;
}

/** Approximate bytes of a queued command besides its arguments. */
const QUEUED_OVERHEAD_BYTES = 256;

interface WatchedKey {
  readonly key: Uint8Array;
  /** Whether the key existed when the watch began. */
  readonly existed: boolean;
}

/** The state of one client's MULTI, and the keys it watches. */
export class Transaction<Context> implements Watcher {
  /** Whether commands are queued: between MULTI and EXEC or DISCARD. */
  isOpen = false;
  /** Whether a command could not be queued: EXEC will refuse. */
  hasFailed = false;
  /** Whether a watched key has changed: EXEC will do nothing. */
  isTouched = false;
  queue: QueuedCommand<Context>[] = [];
  /** Approximate bytes of the queue. */
  queuedBytes = 0;
  readonly #keyspace: Keyspace;
  readonly #connection: Connection;
  readonly #watched: WatchedKey[] = [];

  constructor(keyspace: Keyspace, connection: Connection) {
    this.#keyspace = keyspace;
    this.#connection = connection;
  }

  get watchedCount(): number {
    return this.#watched.length;
  }

  begin(): void {
    this.isOpen = true;
    this.#connection.queuedCommands = 0;
  }

  /** Keeps a copy of the request for EXEC. */
  add(command: Command<Context>, request: Request): void {
    const copy = copyRequest(request);
    this.queue.push({ command, request: copy });
    this.queuedBytes += copy.bytes.length + QUEUED_OVERHEAD_BYTES;
    this.#connection.queuedCommands = this.queue.length;
  }

  /** Ends the transaction and all watches, whether or not its commands ran. */
  end(): void {
    this.isOpen = false;
    this.hasFailed = false;
    this.queue = [];
    this.queuedBytes = 0;
    this.#connection.queuedCommands = -1;
    this.unwatch();
  }

  watch(key: Uint8Array): void {
    // EXEC will do nothing, whatever else is watched.
    if (this.isTouched) return;
    const { watches } = this.#keyspace;
    if (watches.has(key, this)) return;
    const existed = this.#keyspace.has(key);
    // Not `slice`, which makes a view of a `Buffer`.
    this.#watched.push({ key: new Uint8Array(key), existed });
    watches.add(key, this, existed);
  }

  unwatch(): void {
    for (const { key } of this.#watched) this.#keyspace.watches.remove(key, this);
    this.#watched.length = 0;
    this.isTouched = false;
  }

  touch(): void {
    this.isTouched = true;
  }

  /** Whether a watched key has expired and not been removed yet; a removal would have called `touch`. */
  hasExpiredWatch(): boolean {
    for (const { key, existed } of this.#watched) {
      if (existed && !this.#keyspace.has(key)) return true;
    }
    return false;
  }
}

/** Copies a request and its bytes. */
function copyRequest(request: Request): Request {
  const from = request.starts[0]!;
  const to = request.ends[request.count - 1]!;
  const bytes = new Uint8Array(to - from);
  copyBytes(request.bytes, from, to, bytes, 0);
  const copy = new Request();
  copy.reset(bytes);
  for (let index = 0; index < request.count; index++) {
    copy.add(request.starts[index]! - from, request.ends[index]! - from);
  }
  return copy;
}
