import type { ConnectionEnds } from "./client-facts.ts";

/** Carries bytes between a connection and its client. The runtime's TCP and TLS sockets are wires. */
export interface Wire extends ConnectionEnds {
  /**
   * Sends bytes[start, start + length).
   * @returns how many bytes the system took; negative if it takes none any more. If it took fewer than `length`, the
   * wire calls `drained` when it takes more.
   */
  write(bytes: Uint8Array, start: number, length: number): number;
  /** Stops reading until `resume`. The other side has to wait once the system's buffers are full. */
  pause(): void;
  resume(): void;
  /** Closes this direction. Written bytes are delivered, and the other side may go on sending. */
  shutdown(): void;
  /** Closes both directions. Written bytes are delivered. */
  end(): void;
  /** Cuts the stream off. Bytes that have not reached the other side are lost. */
  terminate(): void;
}

/** Receives the events of a wire. */
export interface WireEvents {
  /** @param data belongs to the receiver from now on */
  received(data: Uint8Array): void;
  /** The system takes more bytes again. */
  drained(): void;
  /** The other side has closed its direction. */
  ended(): void;
  /** Both directions are closed. This is the last event. */
  wasClosed(): void;
}
