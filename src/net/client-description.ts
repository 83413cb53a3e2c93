import type { ServiceHost } from "./client-context.ts";
import type { Connection } from "./connection.ts";

/** `normal` and `pubsub` clients; the other types that Redis knows (`master`, `replica`) never occur. */
export function clientType(connection: Connection): "normal" | "pubsub" {
  return connection.flags().includes("P") ? "pubsub" : "normal";
}

/** One client as a line of CLIENT LIST, with the fields of Redis 7.2 in their order; no line end. */
export function describeClient(connection: Connection, host: ServiceHost): string {
  const { clock } = host;
  const ageSeconds = Math.max(0, Math.floor((clock.wallMs() - connection.connectedAtMs) / 1000));
  const idleSeconds = Math.max(0, Math.floor((clock.monotonicMs() - connection.lastActiveMs) / 1000));
  const requestBytes = connection.bufferedRequestBytes;
  const replyBytes = connection.waitingReplyBytes;
  return [
    `id=${connection.id}`,
    `addr=${connection.remoteAddress}`,
    `laddr=${connection.localAddress}`,
    // The runtime does not tell the descriptor.
    "fd=-1",
    `name=${connection.name}`,
    `age=${ageSeconds}`,
    `idle=${idleSeconds}`,
    `flags=${clientFlags(connection)}`,
    `db=${connection.database}`,
    `sub=${connection.channels} psub=${connection.patterns} ssub=${connection.shardChannels}`,
    `multi=${connection.queuedCommands}`,
    `qbuf=${requestBytes} qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0`,
    `obl=0 oll=${replyBytes > 0 ? 1 : 0} omem=${replyBytes} tot-mem=${requestBytes + replyBytes}`,
    "events=r",
    `cmd=${connection.lastCommand}`,
    "user=default",
    `redir=${connection.redirection}`,
    `resp=${connection.respVersion}`,
    `lib-name=${connection.libraryName}`,
    `lib-ver=${connection.libraryVersion}`,
  ].join(" ");
}

function clientFlags(connection: Connection): string {
  const flags = `${connection.flags()}${connection.isClosing ? "c" : ""}${connection.noEvict ? "e" : ""}`;
  return flags === "" ? "N" : flags;
}
