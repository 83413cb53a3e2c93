import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { systemClock } from "../lib/clock.ts";
import { KeyBytes } from "../lib/key-bytes.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { CallbackRequest } from "./callback-request.ts";
import type { ChannelOptions } from "./channel.ts";
import type { UpstreamConnection } from "./connection.ts";
import type { Origin, OriginEvents } from "./origin.ts";
import type { OriginNode } from "./origin-node.ts";
import type { UpstreamError } from "./upstream-error.ts";

/** One connection to a `FakeServer`. */
interface FakeConnection {
  readonly isClosed: boolean;
  /** Holds all frames back until `release`. */
  hold(): void;
  /** Sends the first `count` frames held back, or all of them and later ones. */
  release(count?: number): void;
  /** Inserts raw RESP in front of the frame `at` that is held back, by default behind all. */
  send(frame: string, at?: number): void;
  invalidate(keys: string | readonly string[] | null, at?: number): void;
  drop(): void;
}

export interface FakeServerOptions {
  /** Whether the server knows CLIENT TRACKING. */
  readonly tracking?: boolean;
  readonly password?: string;
  /** Returns the server's answer in place of its own; an empty text is no answer. */
  readonly script?: (command: readonly string[], connection: never) => string | undefined;
}

/** A server with a store of strings, whose every step the test decides. */
export interface FakeServer extends Disposable {
  readonly port: number;
  /** All connections so far. */
  readonly connections: readonly FakeConnection[];
  readonly openConnections: readonly FakeConnection[];
  /** The connection that invalidations go to. */
  readonly main: FakeConnection;
  readonly values: ReadonlyMap<string, string>;
  options: FakeServerOptions;
  script: FakeServerOptions["script"] | undefined;
  /** Returns how many commands that begin with these words have come. */
  count(...words: string[]): number;
  received(count: number, ...words: string[]): Promise<void>;
  until(condition: () => boolean): Promise<void>;
  /** Holds all connections back in front of the reply to such a command. */
  holdFrom(...words: string[]): void;
  releaseAll(): void;
  dropAll(): void;
  goDown(): void;
  comeBack(): void;
  /** Reads and sends nothing more, but leaves the connections open. */
  goSilent(): void;
  speakAgain(): void;
}

/** An implementation of `Origin` under test. */
export interface OriginUnderTest {
  readonly nodeCount: number;
  /** One key of each node. */
  readonly keys: readonly string[];
  /** What each node is asked for signs of life. */
  readonly beat: string;
  /** Whether everything fetched from a node goes when it is silent, since it may have been replaced. */
  readonly forgetsInSilence: boolean;
  startServer(options: FakeServerOptions): FakeServer;
  /** @param servers one per node, in the order of `keys` */
  open(
    servers: readonly FakeServer[],
    options: Omit<ChannelOptions, "address">,
    events: OriginEvents,
  ): Origin;
  /** Waits for a promise. A time-out says what was awaited. */
  awaited<T>(promise: Promise<T>, what: () => string): Promise<T>;
}

/** An origin with its servers, and all its events, each with the number of its node. */
export class OriginBench implements Disposable {
  readonly servers: readonly FakeServer[];
  readonly origin: Origin;
  readonly indexes: readonly number[];
  readonly events: string[] = [];
  /** The last proof of each node's channel. */
  readonly proofs: number[] = [];
  /** Hash slots that have changed hands, a list each time. */
  readonly moved: (readonly number[])[] = [];
  /** How many delays before reconnection were drawn. */
  draws = 0;
  readonly #kind: OriginUnderTest;
  #waiters: (() => void)[] = [];

  constructor(kind: OriginUnderTest, server: FakeServerOptions, options: Partial<ChannelOptions>) {
    this.#kind = kind;
    this.servers = Array.from({ length: kind.nodeCount }, () => kind.startServer(server));
    this.indexes = this.servers.map((_, index) => index);
    const random = options.random ?? { next: () => 0 };
    const defaults = { connectTimeoutMs: 2000, timeoutMs: 2000, heartbeatMs: 1000, heartbeatTimeoutMs: 1000 };
    this.origin = kind.open(
      this.servers,
      {
        ...defaults,
        ...{ clock: systemClock, trackingRetryMs: 10_000, pendingBytes: 10_000 },
        ...options,
        random: {
          next: () => {
            this.draws++;
            return random.next();
          },
        },
      },
      {
        invalidated: (node, bytes, start, end) =>
          this.#tell(node, `invalidated ${latin1(bytes, start, end)}`),
        allInvalidated: (node) => this.#tell(node, "all invalidated"),
        proven: (node) => {
          this.proofs[this.#indexOf(node)] = node.channel.provenUntilMs;
        },
        lost: (node, error) => this.#tell(node, `lost ${error.code}`),
        ready: (node, tracking) => this.#tell(node, `ready ${tracking}`),
        silent: (node, silentMs) => this.#tell(node, `silent ${silentMs}`),
        answers: (node) => this.#tell(node, "answers"),
        retired: (node) => this.events.push(`${node.name} retired`),
        clustered: () => {},
        moved: (slots) => {
          this.moved.push(slots);
        },
      },
    );
  }

  /** The events after each node was ready for the first time. */
  get later(): string[] {
    return this.events.slice(this.servers.length);
  }

  node(index: number): OriginNode {
    return this.origin.nodeOf(new KeyBytes().at(fromLatin1(this.#kind.keys[index]!)));
  }

  /** Waits for the `count`th event of a node with this text. */
  async told(index: number, event: string, count = 1): Promise<void> {
    const isEvent = (told: string): boolean => told === `${index} ${event}`;
    while (this.events.filter(isEvent).length < count) {
      const what = () => `${count} times "${event}" of node ${index} among ${this.events.join(", ")}`;
      await this.#kind.awaited(new Promise<void>((resolve) => this.#waiters.push(resolve)), what);
    }
  }

  async until(condition: () => boolean): Promise<void> {
    const turns = async () => {
      while (!condition()) await new Promise(setImmediate);
    };
    await this.#kind.awaited(turns(), () => `${condition} after ${this.events.join(", ")}`);
  }

  #indexOf(node: OriginNode): number {
    return this.indexes.find((index) => this.node(index) === node)!;
  }

  #tell(node: OriginNode, event: string): void {
    this.events.push(`${this.#indexOf(node)} ${event}`);
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  [Symbol.dispose](): void {
    this.origin.close();
    for (const server of this.servers) server[Symbol.dispose]();
  }
}

/** Sends a command and waits for its reply. @throws UpstreamError */
export function ask(connection: UpstreamConnection, ...command: string[]): Promise<string> {
  writeCommand(connection.out, command);
  return new Promise((resolve, reject) => {
    const replied = (bytes: Uint8Array, start: number, end: number) => resolve(latin1(bytes, start, end));
    connection.enqueue(new CallbackRequest(replied, (error: UpstreamError) => reject(error)));
  });
}
