import { afterEach, describe, expect, test } from "bun:test";
import { bulk, FakeOrigin } from "../../test/support/fake-origin.ts";
import { latin1 } from "../lib/bytes.ts";
import { systemClock } from "../lib/clock.ts";
import { SeededRandom } from "../lib/random.ts";
import { writeCommand } from "../protocol/request-writer.ts";
import { UpstreamConnection } from "./connection.ts";
import type { LargeReplySink } from "./large-reply.ts";
import type { UpstreamError } from "./upstream-error.ts";
import { UpstreamRequest } from "./upstream-request.ts";

const KEPT = "kept whole: ";

/** A request that takes a large reply as it arrives, or has it gathered. */
class Asked extends UpstreamRequest implements LargeReplySink {
  readonly outcome: Promise<string>;
  received = "";
  announcedBytes = -1;
  #resolve!: (outcome: string) => void;
  readonly #takes: boolean;
  readonly #kept: { bytes: Uint8Array; start: number; end: number }[] = [];

  constructor(takes: boolean) {
    super();
    this.#takes = takes;
    this.outcome = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  override takeLarge(lengthBytes: number): LargeReplySink | undefined {
    this.announcedBytes = lengthBytes;
    return this.#takes ? this : undefined;
  }

  append(bytes: Uint8Array, start: number, end: number): boolean {
    this.received += latin1(bytes, start, end);
    // Keeps every other piece that it may keep; these must be unchanged at the end.
    if (end !== bytes.length || this.#kept.length % 2 === 1) return false;
    this.#kept.push({ bytes, start, end });
    return true;
  }

  complete(): void {
    for (const { bytes, start, end } of this.#kept)
      expect(this.received).toContain(latin1(bytes, start, end));
    this.#resolve(bulk(this.received));
  }

  override reply(bytes: Uint8Array, start: number, end: number): void {
    this.#resolve(this.announcedBytes < 0 ? latin1(bytes, start, end) : KEPT + latin1(bytes, start, end));
  }

  override failed(error: UpstreamError): void {
    this.#resolve(`${error.code} ${error.message}`);
  }
}

const opened: Disposable[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each[Symbol.dispose]();
});

/** Opens a connection to an origin that answers nothing by itself. */
async function open(timeoutMs = 5000) {
  const origin = new FakeOrigin({ script: () => "" });
  const pushes: string[] = [];
  const address = { host: "127.0.0.1", port: origin.port };
  const connection = new UpstreamConnection(
    { address, clock: systemClock, connectTimeoutMs: 5000, timeoutMs, pendingBytes: 100_000 },
    { pushed: (bytes, start, end) => pushes.push(latin1(bytes, start, end)), closed() {} },
  );
  opened.push({
    [Symbol.dispose]() {
      connection.close(new Error("the test is over") as UpstreamError);
      origin[Symbol.dispose]();
    },
  });
  const ask = (takes: boolean, awaited = 1): Asked => {
    const request = new Asked(takes);
    writeCommand(connection.out, ["GET"]);
    request.repliesAwaited = awaited;
    connection.enqueue(request);
    return request;
  };
  const first = ask(true);
  await origin.received(1);
  const [stream] = origin.connections;
  stream!.send("+OK\r\n");
  await first.outcome;
  return { origin, connection, stream: stream!, pushes, ask };
}

describe("a large reply", () => {
  test("arrives in pieces of any size, among others, and is taken or gathered as its request wants", async () => {
    const seed = Math.floor(systemClock.wallMs());
    console.info(`seed ${seed}`);
    const random = new SeededRandom(seed);
    for (let round = 0; round < 30; round++) {
      const { ask, stream, pushes, origin } = await open();
      const expected: string[] = [];
      const asked: Asked[] = [];
      let text = "";
      let pushed = 0;
      for (let i = 0; i < 6; i++) {
        const length = random.below(3) === 0 ? random.below(10) : 262_140 + random.below(100_000);
        const letter = String.fromCharCode(97 + i);
        const reply = random.below(8) === 0 ? "$-1\r\n" : bulk(letter.repeat(length));
        const takes = random.below(4) > 0;
        asked.push(ask(takes));
        expected.push(reply);
        text += reply;
        if (random.below(3) === 0) {
          text += ">1\r\n+news\r\n";
          pushed++;
        }
      }
      await origin.received(7);
      const most = random.below(2) === 0 ? 1_000_000 : 70_000;
      for (let at = 0; at < text.length; ) {
        const count = 1 + random.below(most);
        stream.send(text.slice(at, at + count));
        at += count;
        if (random.below(2) === 0) await new Promise(setImmediate);
      }
      for (const [index, { outcome }] of asked.entries()) {
        const reply = (await outcome).replace(KEPT, "");
        expect(reply === expected[index]).toBe(true);
      }
      expect(pushes.length).toBe(pushed);
    }
  });

  test("is gathered if it is not the last reply of its request, or lies within an array", async () => {
    const { ask, stream } = await open();
    const large = bulk("x".repeat(300_000));
    const [two, array] = [ask(true, 2), ask(true)];
    for (const part of [
      large.slice(0, 1000),
      large.slice(1000),
      "*1\r\n",
      large.slice(0, 1000),
      large.slice(1000),
    ]) {
      stream.send(part);
      await new Promise(setImmediate);
    }
    expect(await two.outcome).toBe(large);
    stream.send(bulk("the second"));
    expect((await array.outcome).length).toBeGreaterThan(0);
    expect([two.announcedBytes, array.announcedBytes]).toEqual([-1, -1]);
  });

  test("that comes too late is dropped as it arrives, and the requests behind it get their replies", async () => {
    const { ask, stream } = await open(150);
    const late = ask(true);
    while (!late.isDone) {
      // Only the reply is late; the connection is alive.
      stream.send(">1\r\n+news\r\n");
      await new Promise(setImmediate);
    }
    expect(await late.outcome).toContain("did not answer within");
    const next = ask(true);
    const large = bulk("x".repeat(300_000));
    stream.send(large.slice(0, 100_000));
    await new Promise(setImmediate);
    stream.send(`${large.slice(100_000)}+OK\r\n`);
    expect(await next.outcome).toBe("+OK\r\n");
    expect([late.announcedBytes, late.received]).toEqual([-1, ""]);
  });

  test("is not late as long as more of it arrives; if no more does, the connection is dead", async () => {
    const { ask, stream, connection } = await open(250);
    const request = ask(true);
    stream.send("$1000000000\r\n");
    const begunMs = systemClock.monotonicMs();
    while (systemClock.monotonicMs() - begunMs < 600) {
      stream.send("x");
      await new Promise(setImmediate);
    }
    expect(connection.isClosed).toBe(false);
    expect(await request.outcome).toMatch(/^ORIGINTIMEOUT origin .* sent nothing for 250 ms$/);
    expect(connection.isClosed).toBe(true);
  });

  test("with a wrong line end is malformed", async () => {
    const { ask, stream } = await open();
    const request = ask(true);
    const text = "x".repeat(300_000);
    stream.send(`$300000\r\n${text.slice(0, 5)}`);
    await new Promise(setImmediate);
    stream.send(`${text.slice(5)}\r\r`);
    expect(await request.outcome).toContain("malformed reply: reply with a wrong length");
    expect(request.received).toBe(text);
  });
});
