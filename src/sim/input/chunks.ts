/** A source of a trace's bytes, compressed or not. */
export interface TraceBytes {
  /** Number of bytes; undefined if unknown. */
  readonly extent: number | undefined;
  readonly isRepeatable: boolean;
  /**
   * Returns the bytes from the beginning.
   * @param taken counts the bytes as they are read
   */
  chunks(taken: Taken): Chunks;
}

/** Bytes in pieces; each piece is valid until the next call of `next`. */
export interface Chunks {
  next(): Promise<IteratorResult<Uint8Array, void>>;
  /** Ends the reading. */
  return(value?: undefined): Promise<unknown>;
}

export interface Taken {
  bytes: number;
}
