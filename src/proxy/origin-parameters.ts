/** What CONFIG through the proxy does with the names of Redis's configuration, which are the origin's. */

/**
 * Parameters that any client may set: they decide what is told, how values are laid out in memory and how removed ones
 * are freed, and the origin works as well with any value. All others need `--allow-admin`.
 */
const SETTABLE: ReadonlySet<string> = new Set([
  "notify-keyspace-events",
  // What is measured.
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
  // How memory is freed, and who is looked at for eviction.
  ...["lazyfree-lazy-eviction", "lazyfree-lazy-expire", "lazyfree-lazy-server-del"],
  ...["lazyfree-lazy-user-del", "lazyfree-lazy-user-flush"],
  ...["maxmemory-samples", "lfu-log-factor", "lfu-decay-time"],
]);

/** Passwords and who they are for. They are left out: a masked value could be set again by a program that restores it. */
const SECRETS: ReadonlySet<string> = new Set([
  ...["requirepass", "masterauth", "masteruser", "primaryauth", "primaryuser"],
  ...["tls-key-file-pass", "tls-client-key-file-pass", "sentinel-pass", "sentinel-user"],
]);

/** @param name in lower case */
export function maySetAtOrigin(name: string): boolean {
  return SETTABLE.has(name);
}

/** Whether a parameter is never shown. Names not known here count when they look so. */
export function isSecret(name: string): boolean {
  const lower = name.toLowerCase();
  return SECRETS.has(lower) || /pass(word|phrase)?$|secret/.test(lower);
}
