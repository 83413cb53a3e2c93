/** The numbers that the threads of a proxy publish for each other. A counter only grows; a gauge goes up and down. */
export const PUBLISHED = {
  hits: "counter",
  misses: "counter",
  coalesced: "counter",
  fills: "counter",
  discardedFills: "counter",
  forwarded: "counter",
  originErrors: "counter",
  unknownOutcomes: "counter",
  channelLosses: "counter",
  invalidations: "counter",
  acceptedCount: "counter",
  rejectedCount: "counter",
  outputLimitCount: "counter",
  requestCount: "counter",
  bytesReceived: "counter",
  bytesSent: "counter",
  requestsPerSecond: "gauge",
  receivedBytesPerSecond: "gauge",
  sentBytesPerSecond: "gauge",
  sharedConnections: "gauge",
  dedicatedConnections: "gauge",
  idleConnections: "gauge",
} as const;

export type PublishedName = keyof typeof PUBLISHED;
