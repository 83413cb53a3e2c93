import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import { silentLog } from "../lib/log.ts";
import { ManualTimers } from "../lib/timers.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { ClientRegistry } from "./client-registry.ts";
import { Connection } from "./connection.ts";
import type { ConnectionHost } from "./connection-host.ts";
import { FlushQueue } from "./flush-queue.ts";
import { ForeignClients } from "./foreign-clients.ts";
import { LimitedMessages } from "./limited-messages.ts";
import { type ConnectionLimits, DEFAULT_LIMITS } from "./limits.ts";
import { SharedCodec } from "./shared-codec.ts";
import { SimulatedWire } from "./simulated-wire-fixture.ts";
import type { Ticket } from "./ticket.ts";

/** Requests as bytes, words parted by spaces. */
export function requests(...texts: string[]): Uint8Array {
  const out = new ByteBuffer();
  for (const text of texts) writeCommand(out, text.split(" "));
  return out.view().slice();
}

/** What has been put off to the end of this turn happens. */
export async function turn(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}

/** What the connections of a listener share, without the listener. */
export function simulatedHost(clock: ManualClock, limits: Partial<ConnectionLimits>): ConnectionHost {
  return {
    limits: { ...DEFAULT_LIMITS, ...limits },
    registry: new ClientRegistry(),
    respOnly: false,
    clock,
    exactMs: () => clock.monotonicMs(),
    monotonicOf: (exactMs) => exactMs,
    batchTimes: { left: Number.POSITIVE_INFINITY, ended() {} },
    timers: new ManualTimers(),
    codec: new SharedCodec(Number.POSITIVE_INFINITY, () => false, 64),
    foreignClients: new ForeignClients(silentLog, clock),
    unreadReplies: new LimitedMessages(silentLog, clock),
    flushes: new FlushQueue(),
    slice: new ByteBuffer(64),
  };
}

/**
 * A connection whose session answers `+name`; `HOLD` holds it back as well, `DEFER` is answered when the test finishes
 * its ticket, `QUIT` closes, `CUT` cuts off.
 */
export class Stage {
  readonly wire: SimulatedWire;
  readonly clock = new ManualClock();
  readonly connection: Connection;
  readonly executed: string[] = [];
  readonly tickets: Ticket[] = [];
  readonly timers = new ManualTimers();
  closedCount = 0;

  constructor(
    limits: Partial<ConnectionLimits> = {},
    host: Partial<ConnectionHost> = {},
    { id = 1, remoteAddress = "127.0.0.1" } = {},
  ) {
    this.wire = new SimulatedWire(Number.POSITIVE_INFINITY, remoteAddress);
    this.connection = new Connection(this.wire, id, {
      ...simulatedHost(this.clock, limits),
      timers: this.timers,
      ...host,
    });
    const { connection } = this;
    this.wire.events = connection;
    connection.session = {
      request: (request, reply) => {
        const name = request.text(0);
        this.executed.push(name);
        if (name === "DEFER") this.tickets.push(connection.defer());
        else reply.status(name);
        if (name === "HOLD") connection.hold();
        if (name === "QUIT") connection.closeAfterReplies();
        if (name === "CUT") connection.terminate();
      },
      settle: () => undefined,
      closed: () => {
        this.closedCount++;
      },
    };
  }

  get sent(): string {
    return latin1(this.wire.sent.view());
  }

  /** Answers the oldest request that was deferred. */
  finish(): void {
    const ticket = this.tickets.shift()!;
    ticket.reply.status("LATE");
    ticket.done();
  }
}
