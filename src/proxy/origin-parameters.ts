/** How CONFIG at the proxy treats the names of Redis's configuration, which are the origin's. */

/**
 * Parameters that any client may set. They decide what is reported, how values are laid out in memory and how removed
 * values are freed; the origin works with any setting of them. All others need `--allow-admin`.
 */
const SETTABLE: ReadonlySet<string> = new Set([
  "notify-keyspace-events",
  // What Redis measures.
  ...["slowlog-log-slower-than", "slowlog-max-len"],
  ...["latency-monitor-threshold", "latency-tracking-info-percentiles"],
  ...["commandlog-execution-slower-than", "commandlog-slow-execution-max-len"],
  ...["commandlog-request-larger-than", "commandlog-large-request-max-len"],
  ...["commandlog-reply-larger-than", "commandlog-large-reply-max-len"],
  // How values are encoded.
  ...["hash-max-listpack-entries", "hash-max-listpack-value"],
  ...["hash-max-ziplist-entries", "hash-max-ziplist-value"],
  ...["list-max-listpack-size", "list-max-ziplist-size", "list-compress-depth"],
  ...["set-max-intset-entries", "set-max-listpack-entries", "set-max-listpack-value"],
  ...["zset-max-listpack-entries", "zset-max-listpack-value"],
  ...["zset-max-ziplist-entries", "zset-max-ziplist-value"],
  ...["hll-sparse-max-bytes", "stream-node-max-bytes", "stream-node-max-entries"],
  // How memory is freed, and how keys are sampled for eviction.
  ...["lazyfree-lazy-eviction", "lazyfree-lazy-expire", "lazyfree-lazy-server-del"],
  ...["lazyfree-lazy-user-del", "lazyfree-lazy-user-flush"],
  ...["maxmemory-samples", "lfu-log-factor", "lfu-decay-time"],
]);

/**
 * Passwords and users. They are left out, rather than masked: a program that restores settings could set a masked
 * value.
 */
const SECRETS: ReadonlySet<string> = new Set([
  ...["requirepass", "masterauth", "masteruser", "primaryauth", "primaryuser"],
  ...["tls-key-file-pass", "tls-client-key-file-pass", "sentinel-pass", "sentinel-user"],
]);

/** @param name in lower case */
export function maySetAtOrigin(name: string): boolean {
  return SETTABLE.has(name);
}

/** Whether a parameter is never shown. An unknown name is secret if it looks like one. */
export function isSecret(name: string): boolean {
  const lower = name.toLowerCase();
  return SECRETS.has(lower) || /pass(word|phrase)?$|secret/.test(lower);
}
