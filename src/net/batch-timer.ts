/** Times some of the batches of requests: those that arrived together on one connection. */
export interface BatchTimer {
  /** Counted down at the end of each batch. */
  left: number;
  /**
   * Called at the end of a batch, with its replies handed over, when at most one is left.
   * @param sinceMs when the batch came: monotonic, with its fraction
   * @param areAnswered whether no request of the client is left without a reply
   */
  ended(sinceMs: number, areAnswered: boolean): void;
}
