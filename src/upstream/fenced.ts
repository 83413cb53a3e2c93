/** A source of invalidations: one node, or all nodes of an origin. */
export interface Fenced {
  /**
   * Runs `then` once every invalidation that the source has caused so far has been received, in the order of the
   * calls.
   */
  fence(then: () => void): void;
}
