import { describe, expect, test } from "bun:test";
import type { Socket } from "bun";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { fromLatin1, latin1 } from "../lib/bytes.ts";
import { ChunkedBytes } from "../lib/chunked-bytes.ts";
import { Outbound } from "./outbound.ts";

/** A socket that takes as many bytes as the test allows, and keeps them. */
class Stage {
  readonly outbound = new Outbound();
  readonly sent = new ByteBuffer();
  room: number;
  writes = 0;

  constructor(room = Number.POSITIVE_INFINITY) {
    this.room = room;
  }

  write(text: string): void {
    this.outbound.out.append(fromLatin1(text));
  }

  passOn(text: string): void {
    const bytes = new ChunkedBytes();
    bytes.append(fromLatin1(text), 0, text.length);
    this.outbound.passOn(bytes);
  }

  /** @returns whether it wants to be called again */
  send(): boolean {
    const write = (bytes: Uint8Array): number => {
      this.writes++;
      const count = Math.min(this.room, bytes.length);
      this.room -= count;
      this.sent.append(bytes, 0, count);
      return count;
    };
    return this.outbound.send({ write } as unknown as Socket<undefined>);
  }

  get text(): string {
    return latin1(this.sent.view());
  }
}

describe("what waits for the origin", () => {
  test("is nothing at first: no turn of the event loop is asked for", () => {
    const stage = new Stage();
    expect([stage.send(), stage.writes]).toEqual([false, 0]);
    stage.write("a");
    expect([stage.send(), stage.text]).toEqual([false, "a"]);
    expect([stage.send(), stage.writes]).toEqual([false, 1]);
  });

  test("stays behind the gate, the handshake does not", () => {
    const stage = new Stage();
    stage.outbound.isGated = true;
    stage.write("request");
    stage.outbound.handshake.append(fromLatin1("hello "));
    expect([stage.send(), stage.text]).toEqual([false, "hello "]);
    expect([stage.send(), stage.writes]).toEqual([false, 1]);
    stage.outbound.isGated = false;
    expect([stage.send(), stage.text]).toEqual([false, "hello request"]);
  });

  test("leaves with the handshake in one packet, if the gate is open", () => {
    const stage = new Stage();
    stage.write("request");
    stage.outbound.handshake.append(fromLatin1("hello "));
    expect([stage.send(), stage.text, stage.writes]).toEqual([false, "hello request", 1]);
    expect(stage.outbound.waitingBytes).toBe(0);
  });

  test("keeps its order around large arguments, whatever the socket takes at once", () => {
    for (let room = 1; room < 25; room++) {
      const stage = new Stage(0);
      stage.write("before ");
      stage.passOn("large ");
      stage.write("behind ");
      stage.passOn("other ");
      stage.write("last");
      for (let calls = 0; stage.outbound.waitingBytes > 0; calls++) {
        expect(calls).toBeLessThan(40);
        stage.room = room;
        stage.send();
      }
      expect(stage.text).toBe("before large behind other last");
    }
  });

  test("of large arguments leaves half a megabyte a turn, and asks for the next one unless the socket is full", () => {
    const large = "x".repeat(1536 * 1024);
    const stage = new Stage();
    stage.passOn(large);
    expect([stage.send(), stage.sent.length]).toEqual([true, 512 * 1024]);
    stage.room = 100;
    expect([stage.send(), stage.sent.length]).toEqual([false, 512 * 1024 + 100]);
    stage.room = Number.POSITIVE_INFINITY;
    expect([stage.send(), stage.sent.length]).toEqual([true, 1024 * 1024 + 100]);
    expect([stage.send(), stage.sent.length]).toEqual([false, large.length]);
  });
});

describe("requests are sent at once", () => {
  const EAGER = 16 * 1024;

  test("from 16 kB on", () => {
    const stage = new Stage(0);
    stage.write("x".repeat(EAGER - 1));
    expect(stage.outbound.isEager).toBe(false);
    stage.write("x");
    expect(stage.outbound.isEager).toBe(true);
  });

  test("but not while the socket is full, or a large argument comes first", () => {
    const full = new Stage(0);
    full.write("x".repeat(EAGER));
    full.send();
    expect(full.outbound.isEager).toBe(false);
    full.room = Number.POSITIVE_INFINITY;
    full.send();
    full.write("x".repeat(EAGER));
    expect(full.outbound.isEager).toBe(true);
    const large = new Stage(0);
    large.passOn("large");
    large.write("x".repeat(EAGER));
    expect(large.outbound.isEager).toBe(false);
  });
});
