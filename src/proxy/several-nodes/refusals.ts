import type { Request } from "../../protocol/protocol.ts";
import { usesHashSlots } from "../../upstream/origin.ts";
import type { ProxyParts } from "../context.ts";
import { isEveryNodes } from "./plan.ts";
import { isAboutShardChannels } from "./shard-subscriptions.ts";

/** As a Redis without a cluster says it: to its clients the proxy is one server. */
const NO_CLUSTER = "ERR This instance has cluster support disabled";

/** These concern no node's part of the keys. */
const ABOUT_NO_NODE = new Set(["help", "keyslot"]);

/**
 * Returns why a request is not passed on to a cluster; undefined if it is.
 * @param name the command in lower case
 */
export function refuseInCluster(
  { origin, settings }: ProxyParts,
  name: string,
  request: Request,
  isQueued: boolean,
): string | undefined {
  if (!usesHashSlots(origin)) return undefined;
  const subcommand = request.count > 1 ? request.text(1).toLowerCase() : "";
  if (name === "readonly" || name === "readwrite" || name === "asking") return NO_CLUSTER;
  if (name === "cluster" && !settings.allowAdmin && !ABOUT_NO_NODE.has(subcommand)) return NO_CLUSTER;
  if (name === "client" && subcommand === "tracking" && request.count > 2) {
    if (request.text(2).toLowerCase() === "on") {
      return "ERR CLIENT TRACKING needs a single server: the keys of this one are at several nodes, and each would have to know this client";
    }
  }
  if (isQueued && isAboutShardChannels(name)) {
    return `ERR ${name.toUpperCase()} is not executed in a transaction: shard channels are at several nodes`;
  }
  if (isQueued && isEveryNodes(name, request)) {
    return `ERR ${name.toUpperCase()} is executed at every node of the cluster, and cannot be queued in a transaction at one of them`;
  }
  return undefined;
}
