import { ByteBuffer } from "../lib/byte-buffer.ts";
import type { Wire, WireEvents } from "./wire.ts";

/** A wire without a socket. It takes as many bytes as the test allows, and keeps them. */
export class SimulatedWire implements Wire {
  readonly remoteAddress: string;
  readonly remotePort = 1;
  readonly localAddress = "127.0.0.1";
  readonly localPort = 2;
  /** Bytes it takes before it is full. */
  room: number;
  isPaused = false;
  hasShutDown = false;
  isClosed = false;
  readonly sent = new ByteBuffer();
  /** The wire calls `wasClosed` itself; the test calls all other events. */
  events!: WireEvents;

  constructor(room = 0, remoteAddress = "127.0.0.1") {
    this.room = room;
    this.remoteAddress = remoteAddress;
  }

  write(bytes: Uint8Array, start: number, length: number): number {
    if (this.isClosed || this.hasShutDown) return -1;
    const count = Math.min(this.room, length);
    this.room -= count;
    this.sent.append(bytes, start, start + count);
    return count;
  }

  end(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.events.wasClosed();
  }

  terminate(): void {
    this.end();
  }

  shutdown(): void {
    this.hasShutDown = true;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }
}
