import type { ConnectionEnds } from "./client-facts.ts";

/**
 * One end of a stream of bytes in both directions, over which a connection talks with its client. The runtime's sockets
 * are wires, those of TLS too.
 */
export interface Wire extends ConnectionEnds {
  /**
   * Sends bytes[start, start + length).
   * @returns how many of them the system has taken, which may be fewer; negative when it takes none any more. After
   * fewer, `drained` tells when it takes more.
   */
  write(bytes: Uint8Array, start: number, length: number): number;
  /** Reads no more until `resume`: the other side has to wait once the system's buffers are full. */
  pause(): void;
  resume(): void;
  /** Ends this direction: what was written is delivered, and what the other side sends still comes. */
  shutdown(): void;
  /** Ends both directions: what was written is still delivered. */
  end(): void;
  /** Cuts the stream off: what has not reached the other side is lost. */
  terminate(): void;
}

/** Is told what happens on a wire. */
export interface WireEvents {
  /** @param data the receiver's own from now on */
  received(data: Uint8Array): void;
  /** The system takes more bytes again. */
  drained(): void;
  /** The other side sends nothing more. */
  ended(): void;
  /** Both directions have ended. Nothing happens on the wire after that. */
  wasClosed(): void;
}
