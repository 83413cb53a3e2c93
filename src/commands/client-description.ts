import type { Request } from "../protocol/protocol.ts";
import type { Client } from "./client.ts";
import type { ServiceHost } from "./client-context.ts";

/** The type of a client. Redis's types `master` and `replica` do not occur here. */
export function clientType(connection: Client): "normal" | "pubsub" {
  return connection.flags().includes("P") ? "pubsub" : "normal";
}

/**
 * One client as a line of CLIENT LIST, without its line end. It has the fields of Redis 7.2 in the same order.
 * @param executing the current request of this client, if it is executing one
 */
export function describeClient(connection: Client, host: ServiceHost, executing?: Request): string {
  const { clock } = host;
  const ageSeconds = Math.max(0, Math.floor((clock.wallMs() - connection.connectedAtMs) / 1000));
  const idleSeconds = Math.max(0, Math.floor((clock.monotonicMs() - connection.lastActiveMs) / 1000));
  const argumentBytes = executing === undefined ? 0 : bytesOfArguments(executing);
  const requestBytes =
    connection.bufferedRequestBytes + (executing === undefined ? 0 : bytesInResp(executing));
  const replyBytes = connection.waitingReplyBytes;
  return [
    `id=${connection.id}`,
    `addr=${connection.remoteAddress}`,
    `laddr=${connection.localAddress}`,
    // The runtime does not show the descriptor.
    "fd=-1",
    `name=${connection.name}`,
    `age=${ageSeconds}`,
    `idle=${idleSeconds}`,
    `flags=${clientFlags(connection)}`,
    `db=${connection.database}`,
    `sub=${connection.channels} psub=${connection.patterns} ssub=${connection.shardChannels}`,
    `multi=${connection.queuedCommands}`,
    `qbuf=${requestBytes} qbuf-free=0 argv-mem=${argumentBytes} multi-mem=0 rbs=0 rbp=0`,
    `obl=0 oll=${replyBytes > 0 ? 1 : 0} omem=${replyBytes} tot-mem=${requestBytes + replyBytes}`,
    "events=r",
    `cmd=${connection.lastCommand}`,
    `user=${connection.user.name}`,
    `redir=${connection.redirection}`,
    `resp=${connection.respVersion}`,
    `lib-name=${connection.libraryName}`,
    `lib-ver=${connection.libraryVersion}`,
  ].join(" ");
}

function bytesOfArguments(request: Request): number {
  let bytes = 0;
  for (let index = 0; index < request.count; index++) bytes += request.ends[index]! - request.starts[index]!;
  return bytes;
}

/** The length of a request in RESP: `*2\r\n$4\r\n…\r\n`. */
function bytesInResp(request: Request): number {
  let bytes = String(request.count).length + 3 + bytesOfArguments(request);
  for (let index = 0; index < request.count; index++) {
    bytes += String(request.ends[index]! - request.starts[index]!).length + 5;
  }
  return bytes;
}

function clientFlags(connection: Client): string {
  const flags = `${connection.flags()}${connection.isClosing ? "c" : ""}${connection.noEvict ? "e" : ""}`;
  return flags === "" ? "N" : flags;
}
