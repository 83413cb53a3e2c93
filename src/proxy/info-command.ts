import { addCounts, type ClientCounts, countClients } from "../commands/client-counts.ts";
import { type Command, command } from "../commands/command.ts";
import { COUNTED_COMMANDS } from "../commands/command-facts.ts";
import { type CommandCalls, commandStats } from "../commands/command-stats.ts";
import { type InfoFields, infoText } from "../commands/info.ts";
import { fromUtf8, utf8 } from "../lib/bytes.ts";
import { tlsFields } from "../net/listening-ports.ts";
import { ReplyError, type ReplyValue } from "../protocol/reply-value.ts";
import { type Origin, usesHashSlots } from "../upstream/origin.ts";
import type { ProxyContext, ProxyParts } from "./context.ts";
import { publishCounters, totalCounters } from "./counters.ts";
import { addToField, type OriginSection, readSections, setField, writeSections } from "./origin-info.ts";
import { askEveryNode, askOrigin } from "./origin-question.ts";
import type { ScalarName } from "./published-numbers.ts";
import { RESULTS, type ResultName } from "./request-results.ts";
import { joinKeyspaces } from "./several-nodes/keyspace.ts";

/** The proxy's own sections. No name of their fields is one of Redis's. */
const OWN_SECTIONS: ReadonlySet<string> = new Set(["proxy", "cache", "origin", "proxycommandstats"]);
/** Arguments that ask for all sections of a kind. */
const GROUPS: ReadonlySet<string> = new Set(["default", "all", "everything"]);

/**
 * INFO at the proxy: the origin's sections unchanged, followed by three of the proxy's own. If the origin cannot be
 * asked, only the proxy's own, with the version that the origin named last.
 */
export const infoCommand: Command<ProxyContext> = command(
  "info",
  "Returns information and statistics about the origin, the proxy and its cache.",
  (context, request) => {
    const { proxy } = context;
    const wanted = Array.from({ length: request.count - 1 }, (_, at) => request.text(at + 1).toLowerCase());
    const answer = context.answerLater();
    const theirs = wanted.filter((name) => !OWN_SECTIONS.has(name));
    const counted = countAllClients(proxy);
    const asked = wanted.length > 0 && theirs.length === 0 ? Promise.resolve([]) : askSections(proxy, theirs);
    void Promise.all([counted, asked]).then(([counts, sections]) =>
      answer((reply) => reply.verbatim("txt", compose(proxy, wanted, sections, counts))),
    );
  },
);

/** @returns the origin's sections, or why it did not answer */
async function askSections(
  proxy: ProxyParts,
  wanted: readonly string[],
): Promise<OriginSection[] | ReplyError> {
  if (usesHashSlots(proxy.origin)) return askCluster(proxy, wanted);
  const reply = await ask(proxy, wanted);
  if (reply instanceof ReplyError && wanted.length > 1) {
    // Before Redis 7, INFO takes one section at a time.
    const each = await Promise.all(wanted.map((name) => ask(proxy, [name])));
    if (!each.some((one) => one instanceof ReplyError)) return each.flatMap(sectionsOf);
  }
  return reply instanceof ReplyError ? reply : sectionsOf(reply);
}

/** To its clients the proxy is one server, which has the keys of all nodes. The rest is of one node. */
async function askCluster(
  proxy: ProxyParts,
  wanted: readonly string[],
): Promise<OriginSection[] | ReplyError> {
  const { stalenessBoundMs: withinMs } = proxy.origin;
  const replies = await askEveryNode(proxy, ["INFO", ...wanted], { text: true, withinMs });
  const answers = replies.filter((reply) => !(reply instanceof ReplyError)).map(sectionsOf);
  const [sections] = answers;
  if (sections === undefined) {
    return (replies[0] as ReplyError | undefined) ?? new ReplyError("ORIGINDOWN no node is known");
  }
  setField(sections, "redis_mode", "standalone");
  setField(sections, "cluster_enabled", "0");
  const keyspace = sections.find(({ name }) => name === "Keyspace");
  const isKeyspace = ({ name }: OriginSection): boolean => name === "Keyspace";
  if (keyspace !== undefined) keyspace.text = joinKeyspaces(answers.map((one) => one.find(isKeyspace)!));
  return sections;
}

function ask(proxy: ProxyParts, wanted: readonly string[]): Promise<ReplyValue> {
  // By now the state of the link is known and part of the answer.
  const { linkStatus, name, stalenessBoundMs: withinMs } = proxy.origin;
  if (linkStatus === "silent") {
    return Promise.resolve(new ReplyError(`ORIGINTIMEOUT origin ${name} gives no sign of life`));
  }
  return new Promise((resolve) => askOrigin(proxy, ["INFO", ...wanted], resolve, { text: true, withinMs }));
}

function sectionsOf(reply: ReplyValue): OriginSection[] {
  return readSections(typeof reply === "string" ? reply : "").filter(
    ({ name }) => !OWN_SECTIONS.has(name.toLowerCase()),
  );
}

function compose(
  proxy: ProxyParts,
  wanted: readonly string[],
  asked: OriginSection[] | ReplyError,
  counts: AllCounts,
): string {
  const isFailed = asked instanceof ReplyError;
  const sections = isFailed ? knownSections(proxy, wanted) : asked;
  // Clients paused by CLIENT PAUSE wait here. Blocked clients wait at the origin, which counts them.
  addToField(sections, "blocked_clients", counts.paused);
  const own = infoText(
    [
      { name: "Proxy", fields: () => proxyFields(proxy, counts) },
      { name: "Cache", fields: () => cacheFields(proxy) },
      { name: "Proxycommandstats", onRequest: true, fields: () => commandStats(proxyCalls(proxy), "proxy_") },
      { name: "Origin", fields: () => originFields(proxy, isFailed ? asked.message : undefined) },
    ],
    wanted,
  );
  return [writeSections(sections), own].filter((text) => text !== "").join("\r\n");
}

/** Returns what is known of an origin that does not answer. */
function knownSections({ facts, host }: ProxyParts, wanted: readonly string[]): OriginSection[] {
  const isWanted = wanted.length === 0 || wanted.some((name) => name === "server" || GROUPS.has(name));
  if (!isWanted) return [];
  return [{ name: "Server", text: `redis_version:${facts.version}\r\nredis_mode:${host.mode}\r\n` }];
}

// ---- the proxy's own sections

function proxyFields(proxy: ProxyParts, counts: AllCounts): InfoFields {
  const totals = totalCounters(proxy);
  const { host, registry, settings } = proxy;
  const { system, user } = process.cpuUsage();
  return {
    glasscache_version: host.version,
    proxy_runtime: `bun ${Bun.version}`,
    proxy_process_id: process.pid,
    proxy_run_id: proxy.runId,
    proxy_tcp_port: proxy.ports.port,
    ...ownTlsFields(proxy),
    proxy_threads: proxy.threads.count,
    proxy_uptime_in_seconds: Math.max(0, Math.floor((host.clock.wallMs() - host.startedAtMs) / 1000)),
    proxy_memory_rss: process.memoryUsage().rss,
    proxy_cpu_sys: (system / 1e6).toFixed(6),
    proxy_cpu_user: (user / 1e6).toFixed(6),
    proxy_clients: registry.openCount,
    proxy_max_connections: settings.maxConnections,
    proxy_blocked_clients: counts.blocked,
    proxy_paused_clients: counts.paused,
    proxy_tracking_clients: counts.tracking,
    proxy_pubsub_clients: counts.pubsub,
    proxy_max_input_buffer: counts.largestInputBytes,
    proxy_max_output_buffer: counts.largestOutputBytes,
    ...proxyTraffic(totals),
  };
}

function ownTlsFields({ ports, host }: ProxyParts): InfoFields {
  const fields = Object.entries(tlsFields(ports, host.clock.wallMs()));
  return Object.fromEntries(fields.map(([name, value]) => [`proxy_${name}`, value]));
}

function proxyTraffic(totals: Record<ScalarName, number>): InfoFields {
  return {
    proxy_connections_received: totals.acceptedCount,
    proxy_connections_rejected: totals.rejectedCount,
    proxy_output_limit_disconnections: totals.outputLimitCount,
    proxy_acl_access_denied_auth: totals.refusedPasswords,
    proxy_acl_access_denied_cmd: totals.refusedCommands,
    proxy_acl_access_denied_key: totals.refusedKeys,
    proxy_acl_access_denied_channel: totals.refusedChannels,
    proxy_commands_processed: totals.requestCount,
    proxy_ops_per_sec: Math.round(totals.requestsPerSecond),
    proxy_net_input_bytes: totals.bytesReceived,
    proxy_net_output_bytes: totals.bytesSent,
    proxy_input_kbps: (totals.receivedBytesPerSecond / 1024).toFixed(2),
    proxy_output_kbps: (totals.sentBytesPerSecond / 1024).toFixed(2),
  };
}

function cacheFields(proxy: ProxyParts): InfoFields {
  const { cache, settings } = proxy;
  const stats = cache.store.stats();
  const totals = totalCounters(proxy);
  return {
    cache_hits: totals.hits,
    cache_misses: totals.misses,
    coalesced_misses: totals.coalesced,
    fills: totals.fills,
    discarded_fills: totals.discardedFills,
    too_large_fills: totals.tooLargeFills,
    invalidations: totals.writeInvalidations + totals.pushInvalidations,
    audits_right: totals.auditsRight,
    audits_undecided: totals.auditsUndecided,
    audits_skipped: totals.auditsSkipped,
    audits_broken: totals.auditsBroken,
    warm_keys_left: totals.warmLeft,
    warm_keys_restored: totals.warmRestored,
    warm_keys_present: totals.warmPresent,
    warm_keys_gone: totals.warmGone,
    warm_keys_no_room: totals.warmNoRoom,
    warm_keys_skipped: totals.warmSkipped,
    warm_file_keys: totals.warmWrittenKeys,
    warm_file_time: Math.floor(totals.warmWrittenSeconds),
    warm_file_failures: totals.warmFailures,
    cache_evicted_keys: stats.evictions,
    cache_expired_keys: stats.expirations,
    cached_keys: stats.entries,
    cached_keys_expiring: stats.expiring,
    cached_payload_bytes: stats.payloadBytes,
    cache_used_bytes: stats.usedBytes,
    cache_memory: stats.budgetBytes,
    cache_max_entries: settings.maxEntries ?? 0,
    cache_policy: cache.store.policyName,
  };
}

function originFields(proxy: ProxyParts, infoError: string | undefined): InfoFields {
  const { origin, settings } = proxy;
  const trackedKeysLimit = origin.nodes[0]?.channel.trackedKeysLimit;
  const totals = totalCounters(proxy);
  return {
    origin: origin.name,
    origin_link_status: origin.linkStatus,
    ...(infoError === undefined ? {} : { origin_info_error: infoError }),
    ...nodeFields(origin),
    origin_tracking: origin.tracking === true ? 1 : 0,
    ...(trackedKeysLimit === undefined ? {} : { origin_tracking_table_max_keys: trackedKeysLimit }),
    staleness_bound_ms: origin.tracking === true ? origin.stalenessBoundMs : settings.ttlMs,
    origin_connections_shared: totals.sharedConnections,
    origin_connections_dedicated: totals.dedicatedConnections,
    origin_connections_idle: totals.idleConnections,
    forwarded_requests: totals.forwarded,
    origin_errors: totals.originErrors,
    origin_ms_saved: Math.floor(totals.originMsSaved),
    unknown_outcomes: totals.unknownOutcomes,
    channel_losses: totals.channelLosses,
  };
}

/** Tells of each node of a cluster: where it is, whether it answers this thread, and how many hash slots it owns. */
function nodeFields(origin: Origin): InfoFields {
  if (!usesHashSlots(origin)) return {};
  const fields = origin.nodes.map((node, index) => [
    `origin_node${index}`,
    `name=${node.name},status=${node.channel.status},slots=${origin.hashSlotsOf(node)!.length}`,
  ]);
  return { origin_nodes: origin.nodes.length, ...Object.fromEntries(fields) };
}

/** Returns the calls of each command, since the last CONFIG RESETSTAT. Times are means of all calls with a result. */
function proxyCalls(proxy: ProxyParts): CommandCalls[] {
  publishCounters(proxy, proxy.index);
  const { calls, numbers } = proxy.threads;
  const batchRequests = numbers.sum("batchRequests");
  const micros: Readonly<Partial<Record<ResultName, number>>> = {
    hit: batchRequests === 0 ? 0 : (numbers.sum("batchMs") * 1000) / batchRequests,
    miss: numbers.merged("missMicros").mean,
    coalesced: numbers.merged("coalescedMicros").mean,
    forwarded: numbers.merged("forwardedMicros").mean,
  };
  return COUNTED_COMMANDS.map(({ name }) => {
    const counts = RESULTS.map((result) => [result, calls.sumSinceReset(`${name} ${result}`)] as const);
    return {
      name,
      calls: counts.reduce((sum, [, count]) => sum + count, 0),
      micros: counts.reduce((sum, [result, count]) => sum + count * (micros[result] ?? 0), 0),
      failed: counts.find(([result]) => result === "error")![1],
    };
  });
}

// ---- the clients of all threads

interface AllCounts extends ClientCounts {
  /** Clients that CLIENT PAUSE makes wait. */
  paused: number;
}

/** Returns the counts of this thread's clients, for another thread. */
export function clientCountsOf(proxy: ProxyParts): Uint8Array {
  const own: AllCounts = { ...countClients(proxy.registry), paused: proxy.pause.waitingCount };
  return utf8(JSON.stringify(own));
}

async function countAllClients(proxy: ProxyParts): Promise<AllCounts> {
  const answers = proxy.peers === undefined ? [] : await proxy.peers.ask({ kind: "clients" });
  const all = [clientCountsOf(proxy), ...answers].map((bytes) => JSON.parse(fromUtf8(bytes)) as AllCounts);
  return { ...addCounts(all), paused: all.reduce((sum, { paused }) => sum + paused, 0) };
}
