import type { FactsRow } from "../facts.ts";

/** Messages. */
export const PUBSUB_FACTS: readonly FactsRow[] = [
  ["psubscribe", -2, "pubsub noscript loading stale", "", "messages", "2.0.0"],
  ["publish", 3, "pubsub loading stale fast may_replicate", "", "integer", "2.0.0"],
  ["pubsub", -2, "", "", "any", "2.8.0"],
  ["pubsub|channels", -2, "pubsub loading stale", "", "set", "2.8.0"],
  ["pubsub|help", 2, "loading stale", "", "array", "6.2.0"],
  ["pubsub|numpat", 2, "pubsub loading stale", "", "integer", "2.8.0"],
  ["pubsub|numsub", -2, "pubsub loading stale", "", "array", "2.8.0"],
  ["pubsub|shardchannels", -2, "pubsub loading stale", "", "set", "7.0.0"],
  ["pubsub|shardnumsub", -2, "pubsub loading stale", "", "array", "7.0.0"],
  ["punsubscribe", -1, "pubsub noscript loading stale", "", "messages", "2.0.0"],
  ["spublish", 3, "pubsub loading stale fast may_replicate", "", "integer", "7.0.0"],
  ["ssubscribe", -2, "pubsub noscript loading stale", "", "messages", "7.0.0"],
  ["subscribe", -2, "pubsub noscript loading stale", "", "messages", "2.0.0"],
  ["sunsubscribe", -1, "pubsub noscript loading stale", "", "messages", "7.0.0"],
  ["unsubscribe", -1, "pubsub noscript loading stale", "", "messages", "2.0.0"],
];
