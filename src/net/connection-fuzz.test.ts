/**
 * Random streams of requests, good and spoiled, over a simulated socket that delivers in pieces and takes as
 * little as it likes, to a session that answers at once or later, in any order, and holds the client back at will.
 * What the client receives must be, to the byte, what it would receive if everything came and went at once.
 * `GLASSCACHE_FUZZ_INPUTS` runs more, `GLASSCACHE_FUZZ_SEED` others.
 */
import { expect, test } from "bun:test";
import { mutate, writeRespRequests, writeTextRequests } from "../../test/fuzz/stream-mutation.ts";
import { commandNames } from "../commands/command-names.ts";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { latin1 } from "../lib/bytes.ts";
import { ManualClock } from "../lib/clock.ts";
import { silentLog } from "../lib/log.ts";
import { SeededRandom } from "../lib/random.ts";
import { systemTimers } from "../lib/timers.ts";
import type { IsCommandName } from "../protocol/text-parser.ts";
import { ClientRegistry } from "./client-registry.ts";
import { Connection } from "./connection.ts";
import { FlushQueue } from "./flush-queue.ts";
import { ForeignClients } from "./foreign-clients.ts";
import { LimitedMessages } from "./limited-messages.ts";
import { type ConnectionLimits, DEFAULT_LIMITS } from "./limits.ts";
import type { Session } from "./session.ts";
import { SharedCodec } from "./shared-codec.ts";
import { SimulatedWire } from "./simulated-wire-fixture.ts";
import type { Ticket } from "./ticket.ts";

const INPUTS = Math.ceil(Number(process.env["GLASSCACHE_FUZZ_INPUTS"] ?? 100_000) / 20);
const SEED = Number(process.env["GLASSCACHE_FUZZ_SEED"] ?? 20_240_601);

const PARSER = { requestBytes: 600, argumentCount: 6, argumentBytes: 250 };
/** More than any reply of the session below. */
const REPLY_BYTES = 2_000;

const names = commandNames([]);
const isCommandName: IsCommandName = (bytes, start, end) => names.named(bytes, start, end) !== undefined;

interface Stream {
  readonly bytes: Uint8Array;
  readonly respOnly: boolean;
}

/** One connection from its first byte to its end. */
class Simulation {
  readonly socket = new SimulatedWire();
  readonly connection: Connection;
  readonly #tickets: { ticket: Ticket; reply: Uint8Array }[] = [];
  readonly #settlements: PromiseWithResolvers<void>[] = [];
  readonly #random: SeededRandom | undefined;
  #holds = 0;
  closedCount = 0;

  /** @param random decides what happens when; without it, everything happens at once */
  constructor(stream: Stream, limits: ConnectionLimits, random: SeededRandom | undefined) {
    this.#random = random;
    this.connection = new Connection(this.socket, 1, {
      limits,
      registry: new ClientRegistry(),
      respOnly: stream.respOnly,
      clock: new ManualClock(),
      exactMs: () => 0,
      monotonicOf: (exactMs) => exactMs,
      batchTimes: { left: Number.POSITIVE_INFINITY, ended() {} },
      timers: systemTimers,
      codec: new SharedCodec(Number.POSITIVE_INFINITY, isCommandName, 64),
      foreignClients: new ForeignClients(silentLog, new ManualClock()),
      unreadReplies: new LimitedMessages(silentLog, new ManualClock()),
      flushes: new FlushQueue(),
      slice: new ByteBuffer(64),
    });
    this.socket.events = this.connection;
    this.connection.session = this.#session();
  }

  get isWaiting(): boolean {
    return this.#tickets.length + this.#settlements.length + this.#holds > 0;
  }

  get ticketCount(): number {
    return this.#tickets.length;
  }

  /** Lets one of the things happen that the connection waits for. */
  act(random: SeededRandom): void {
    const choice = random.below(this.#tickets.length + this.#settlements.length + this.#holds);
    if (choice < this.#tickets.length) {
      const [{ ticket, reply }] = this.#tickets.splice(choice, 1) as [{ ticket: Ticket; reply: Uint8Array }];
      (random.below(2) === 0 ? ticket.reply : ticket.begin()).bulk(reply);
      ticket.done();
    } else if (choice < this.#tickets.length + this.#settlements.length) {
      this.#settlements.splice(choice - this.#tickets.length, 1)[0]!.resolve();
    } else {
      this.#holds--;
      this.connection.release();
    }
  }

  #session(): Session {
    const { connection } = this;
    return {
      request: (request, reply) => {
        const random = this.#random;
        let text = "";
        for (let index = 0; index < request.count; index++) text += `[${request.text(index)}]`;
        const answer = Buffer.from(text, "latin1");
        if (/^\[quit\]/i.test(text)) {
          reply.ok();
          connection.closeAfterReplies();
          return;
        }
        if (random?.below(8) === 0) {
          this.#holds++;
          connection.hold();
        }
        if (random?.below(3) === 0) this.#tickets.push({ ticket: connection.defer(), reply: answer });
        else reply.bulk(answer);
      },
      settle: () => {
        if (this.#random?.below(4) !== 0) return undefined;
        const settlement = Promise.withResolvers<void>();
        this.#settlements.push(settlement);
        return settlement.promise;
      },
      closed: () => {
        this.closedCount++;
      },
    };
  }
}

function makeStream(random: SeededRandom): Stream {
  const kind = random.below(3);
  const write = (out: ByteBuffer) => {
    if (kind === 0) writeTextRequests(out, random);
    else writeRespRequests(out, random, kind === 2);
  };
  const stream = new ByteBuffer();
  const other = new ByteBuffer();
  for (let i = 1 + random.below(3); i > 0; i--) write(stream);
  write(other);
  if (random.below(2) === 0) mutate(stream, other.view(), random);
  return { bytes: new Uint8Array(stream.view()), respOnly: kind === 2 };
}

const LIMITS: ConnectionLimits = {
  ...DEFAULT_LIMITS,
  parser: PARSER,
  // Only the end of the stream ends a request without a line feed.
  textSilenceMs: 100_000_000,
};

/** What a client receives for whom everything happens at once. */
async function expectedOutput(stream: Stream): Promise<string> {
  const simulation = new Simulation(stream, { ...LIMITS, pausedReplyBytes: 1e9 }, undefined);
  const { socket, connection } = simulation;
  socket.room = Number.POSITIVE_INFINITY;
  if (stream.bytes.length > 0) connection.received(stream.bytes);
  if (!socket.isClosed) connection.ended();
  await turn();
  if (!socket.isClosed) throw new Error("the connection has not ended");
  return latin1(socket.sent.view());
}

/** Lets everything happen that has been put off to the end of this turn. */
async function turn(): Promise<void> {
  for (let i = 0; i < 8; i++) await Promise.resolve();
}

async function play(stream: Stream, random: SeededRandom): Promise<void> {
  const expected = await expectedOutput(stream);
  const limits = {
    ...LIMITS,
    pausedReplyBytes: 20 + random.below(500),
    pipelineDepth: 1 + random.below(4),
  };
  const simulation = new Simulation(stream, limits, random);
  const { socket, connection } = simulation;
  let delivered = 0;
  let hasEnded = false;
  let idle = 0;
  while (!socket.isClosed) {
    const before = `${delivered} ${hasEnded} ${socket.sent.length}`;
    switch (random.below(5)) {
      case 0:
      case 1:
        if (socket.isPaused) break;
        if (delivered < stream.bytes.length) {
          const end = Math.min(stream.bytes.length, delivered + 1 + random.below(random.pick([3, 40, 400])));
          // A copy, as the system's buffer is used for other clients afterwards.
          const piece = stream.bytes.slice(delivered, end);
          delivered = end;
          connection.received(piece);
          piece.fill(0x21);
        } else if (!hasEnded) {
          hasEnded = true;
          connection.ended();
        }
        break;
      case 2:
        if (simulation.isWaiting) simulation.act(random);
        break;
      case 3:
        socket.room += random.below(random.pick([10, 300, 3000]));
        connection.drained();
        break;
      default:
        await turn();
    }
    // A client that has been told what is wrong goes.
    if (socket.hasShutDown && !socket.isClosed && random.below(4) === 0) connection.ended();
    if (simulation.ticketCount > limits.pipelineDepth) throw new Error("too many requests at once");
    if (connection.waitingReplyBytes > 2 * (limits.pausedReplyBytes + REPLY_BYTES)) {
      throw new Error(`${connection.waitingReplyBytes} bytes wait`);
    }
    const progress = before !== `${delivered} ${hasEnded} ${socket.sent.length}` || simulation.isWaiting;
    idle = progress ? 0 : idle + 1;
    if (idle > 200) throw new Error("nothing happens any more");
  }
  await turn();
  expect(latin1(socket.sent.view())).toBe(expected);
  expect(simulation.closedCount).toBe(1);
  expect(connection.bufferedRequestBytes).toBe(0);
}

test(`${INPUTS} random streams, seed ${SEED}`, async () => {
  for (let input = 0; input < INPUTS; input++) {
    const random = new SeededRandom(SEED + input);
    const stream = makeStream(random);
    try {
      await play(stream, random);
    } catch (error) {
      console.error(`seed ${SEED + input}: ${JSON.stringify(latin1(stream.bytes).slice(0, 2000))}`);
      throw error;
    }
  }
}, 600_000);
