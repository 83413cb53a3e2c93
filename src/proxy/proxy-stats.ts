/** What the proxy counts; plain numbers, so that counting costs nothing. */
export class ProxyStats {
  /** Keys answered from the cache. */
  hits = 0;
  /** Keys asked of the origin, those included that joined a request under way. */
  misses = 0;
  /** Misses that joined a request under way. */
  coalesced = 0;
  /** Values stored in the cache. */
  fills = 0;
  /** Values not stored: a write came in between, the channel broke, or they do not fit. */
  discardedFills = 0;
  /** Requests passed on to the origin, cached reads aside. */
  forwarded = 0;
  /** Requests answered with an error because the origin did not answer. */
  originErrors = 0;
  /** Writes whose outcome is unknown. */
  unknownOutcomes = 0;
  /** Times the channel for invalidations was lost, and with it all that was cached. */
  channelLosses = 0;

  reset(): void {
    Object.assign(this, new ProxyStats());
  }
}
