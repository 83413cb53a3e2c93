import { latin1 } from "../../src/lib/bytes.ts";
import { systemClock } from "../../src/lib/clock.ts";
import { writeCommand } from "../../src/protocol/request-writer.ts";
import type { ChannelOptions } from "../../src/upstream/channel.ts";
import type { UpstreamConnection } from "../../src/upstream/connection.ts";
import { OriginNode } from "../../src/upstream/origin-node.ts";
import type { UpstreamError } from "../../src/upstream/upstream-error.ts";
import { UpstreamRequest } from "../../src/upstream/upstream-request.ts";
import { FakeOrigin, type FakeOriginOptions, type OriginConnection } from "./fake-origin.ts";
import { awaited } from "./until.ts";

/** A node of an origin, and all that its channel told. */
export class NodeBench implements Disposable {
  readonly fake: FakeOrigin;
  readonly node: OriginNode;
  readonly events: string[] = [];
  readonly errors: UpstreamError[] = [];
  /** Delays drawn for reconnection, as shares of the whole delay. */
  readonly draws: number[] = [];
  #waiters: (() => void)[] = [];

  constructor(fake: FakeOrigin, options: Partial<ChannelOptions> = {}) {
    this.fake = fake;
    const random = options.random ?? { next: () => 0 };
    const tell = (event: string) => {
      this.events.push(event);
      for (const resolve of this.#waiters.splice(0)) resolve();
    };
    this.node = new OriginNode(
      {
        address: { host: "127.0.0.1", port: fake.port },
        clock: systemClock,
        connectTimeoutMs: 2000,
        timeoutMs: 2000,
        trackingRetryMs: 10_000,
        heartbeatMs: 1000,
        heartbeatTimeoutMs: 1000,
        pendingBytes: 10_000,
        ...options,
        random: {
          next: () => {
            const share = random.next();
            this.draws.push(share);
            return share;
          },
        },
      },
      {
        invalidated: (bytes, start, end) => tell(`invalidated ${latin1(bytes, start, end)}`),
        allInvalidated: () => tell("all invalidated"),
        lost: (error) => {
          this.errors.push(error);
          tell(`lost ${error.code}`);
        },
        proven: () => {},
        ready: (tracking) => tell(`ready ${tracking}`),
        silent: (silentMs) => tell(`silent ${silentMs}`),
        answers: () => tell("answers"),
      },
    );
  }

  /** Waits for the `count`th event with this text. */
  async told(event: string, count = 1): Promise<void> {
    while (this.events.filter((told) => told === event).length < count) {
      const what = () => `${count} times "${event}" among ${this.events.join(", ")}`;
      await awaited(new Promise<void>((resolve) => this.#waiters.push(resolve)), what);
    }
  }

  [Symbol.dispose](): void {
    this.node.close();
    this.fake[Symbol.dispose]();
  }
}

const benches: NodeBench[] = [];

/** Closes what was opened; for `afterEach`. */
export function closeBenches(): void {
  for (const bench of benches.splice(0)) bench[Symbol.dispose]();
}

export function open(fake: FakeOriginOptions = {}, options: Partial<ChannelOptions> = {}): NodeBench {
  return keep(new NodeBench(new FakeOrigin(fake), options));
}

/** To be closed with the others. */
export function keep(bench: NodeBench): NodeBench {
  benches.push(bench);
  return bench;
}

/** Sends a command and waits for its reply. @throws UpstreamError */
export function ask(connection: UpstreamConnection, ...command: string[]): Promise<string> {
  writeCommand(connection.out, command);
  return new Promise((resolve, reject) => {
    connection.enqueue(
      new (class extends UpstreamRequest {
        override reply(bytes: Uint8Array, start: number, end: number): void {
          resolve(latin1(bytes, start, end));
        }

        override failed(error: UpstreamError): void {
          reject(error);
        }
      })(),
    );
  });
}

export function commandsOf(fake: FakeOrigin, connection: OriginConnection): string[] {
  return fake.commands
    .filter((sent) => sent.connection === connection)
    .map(({ command }) => command.join(" "));
}
