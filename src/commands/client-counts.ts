import type { Client } from "./client.ts";

/** Counts of clients for INFO. */
export interface ClientCounts {
  blocked: number;
  tracking: number;
  pubsub: number;
  /** The largest buffer of any client. */
  largestInputBytes: number;
  largestOutputBytes: number;
}

export function countClients(clients: Iterable<Client>): ClientCounts {
  const counts: ClientCounts = {
    ...{ blocked: 0, tracking: 0, pubsub: 0, largestInputBytes: 0, largestOutputBytes: 0 },
  };
  for (const client of clients) {
    const flags = client.flags();
    if (flags.includes("b")) counts.blocked++;
    if (flags.includes("t")) counts.tracking++;
    if (flags.includes("P")) counts.pubsub++;
    counts.largestInputBytes = Math.max(counts.largestInputBytes, client.bufferedRequestBytes);
    counts.largestOutputBytes = Math.max(counts.largestOutputBytes, client.waitingReplyBytes);
  }
  return counts;
}

/** Sums the counts of several threads. */
export function addCounts(all: readonly ClientCounts[]): ClientCounts {
  const sum = countClients([]);
  for (const counts of all) {
    sum.blocked += counts.blocked;
    sum.tracking += counts.tracking;
    sum.pubsub += counts.pubsub;
    sum.largestInputBytes = Math.max(sum.largestInputBytes, counts.largestInputBytes);
    sum.largestOutputBytes = Math.max(sum.largestOutputBytes, counts.largestOutputBytes);
  }
  return sum;
}
