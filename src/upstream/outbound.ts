import type { Socket } from "bun";
import { ByteBuffer } from "../lib/byte-buffer.ts";
import { ChunkedBytes } from "../lib/chunked-bytes.ts";
import { SLICE_BYTES } from "../lib/large-value.ts";

/**
 * With this many request bytes waiting, they are sent at once: the origin begins while more requests are being read.
 */
const EAGER_BYTES = 16 * 1024;
/** A request buffer that has grown beyond this is freed. */
const KEEP_BYTES = 1024 * 1024;
/** Bytes of large arguments to send before others have their turn. */
const TURN_BYTES = 512 * 1024;

/** Requests on their way to the origin: first the handshake, then the backlog, then `out`. */
export class Outbound {
  /** Requests are written here. */
  readonly out = new ByteBuffer(4096);
  /** Bytes of `out` that have been sent. */
  #sent = 0;
  /** Sent before everything else. */
  readonly handshake = new ByteBuffer(256);
  /** Whether only the handshake may be sent. */
  isGated = false;
  /** Large arguments, and the bytes written before them. */
  readonly #backlog = new ChunkedBytes();
  /** Whether the system took less than it was given. */
  #isBlocked = false;

  /** Bytes to be sent, apart from the handshake. */
  get waitingBytes(): number {
    return this.out.length - this.#sent + this.#backlog.lengthBytes;
  }

  /** Whether the waiting bytes are to be sent at once. */
  get isEager(): boolean {
    return this.waitingBytes >= EAGER_BYTES && this.#backlog.lengthBytes === 0 && !this.#isBlocked;
  }

  /**
   * Puts the bytes of a large argument between the bytes written to `out` so far and later ones. The caller hands
   * them over.
   */
  passOn(bytes: ChunkedBytes): void {
    this.#backlog.append(this.out.bytes, this.#sent, this.out.length);
    this.#clearOut();
    this.#backlog.moveFrom(bytes);
  }

  /** Sends what the system takes. @returns whether the system would take more, after others have had their turn */
  send(socket: Socket<undefined>): boolean {
    if (this.handshake.length > 0 && !this.#sendHandshake(socket)) return false;
    if (this.isGated || this.waitingBytes === 0) return false;
    if (this.#backlog.lengthBytes > 0) {
      this.#sendBacklog(socket);
      if (this.#backlog.lengthBytes > 0) return !this.#isBlocked;
    }
    const { out } = this;
    this.#sent += Math.max(0, socket.write(out.bytes.subarray(this.#sent, out.length)));
    this.#isBlocked = this.#sent < out.length;
    if (!this.#isBlocked) {
      this.#clearOut();
    } else if (this.#sent >= out.length / 2) {
      // Not at each call: for an origin that reads slowly, a large backlog would be moved a hundred times.
      out.discard(this.#sent);
      this.#sent = 0;
    }
    return false;
  }

  /** Frees the memory of large arguments. */
  clear(): void {
    this.#backlog.clear();
  }

  /** @returns whether the whole handshake has been sent */
  #sendHandshake(socket: Socket<undefined>): boolean {
    const { handshake, out } = this;
    // In one packet with the bytes that may follow.
    if (!this.isGated && this.#backlog.lengthBytes === 0 && this.#sent === 0) {
      handshake.append(out.bytes, 0, out.length);
      this.#clearOut();
    }
    handshake.discard(Math.max(0, socket.write(handshake.view())));
    this.#isBlocked = handshake.length > 0;
    return !this.#isBlocked;
  }

  /** Sends one turn's part of the backlog, or as much of it as the system takes. */
  #sendBacklog(socket: Socket<undefined>): void {
    const backlog = this.#backlog;
    for (let budget = TURN_BYTES; backlog.lengthBytes > 0 && budget > 0; ) {
      const run = backlog.front(Math.min(SLICE_BYTES, budget));
      const { length } = run;
      const sent = Math.max(0, socket.write(run));
      backlog.drop(sent);
      budget -= sent;
      this.#isBlocked = sent < length;
      if (this.#isBlocked) return;
    }
  }

  #clearOut(): void {
    this.out.clear(KEEP_BYTES);
    this.#sent = 0;
  }
}
