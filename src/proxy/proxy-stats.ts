/** The proxy's counters. They are plain numbers, so that counting is cheap. */
export class ProxyStats {
  /** Keys answered from the cache. */
  hits = 0;
  /** Keys asked of the origin, including those that joined a request under way. */
  misses = 0;
  /** Misses that joined a request under way. */
  coalesced = 0;
  /** Values stored in the cache. */
  fills = 0;
  /** Values not stored: written meanwhile, channel lost, or no room. */
  discardedFills = 0;
  /** Requests passed on to the origin, except cached reads. */
  forwarded = 0;
  /** Requests answered with an error because the origin did not answer. */
  originErrors = 0;
  /** Writes whose outcome is unknown. */
  unknownOutcomes = 0;
  /** Times that the channel for invalidations, and so everything cached, was lost. */
  channelLosses = 0;

  reset(): void {
    Object.assign(this, new ProxyStats());
  }
}
