import { MONITOR_IN_MULTI } from "../commands/monitors.ts";
import { readPause } from "../commands/pause-request.ts";
import type { Request } from "../protocol/protocol.ts";
import type { ProxyParts } from "./context.ts";
import { isSecret, maySetAtOrigin } from "./origin-parameters.ts";
import { isPause } from "./request-kinds.ts";
import type { Route } from "./routes.ts";

/**
 * Commands that act on the origin as a process: they stop, fork or block it, or change its role, code, users or place
 * in a cluster. Everyone who reaches the proxy could use them, so it passes them on only with `--allow-admin`.
 * Commands on data pass, including FLUSHALL, SCRIPT FLUSH and FUNCTION DELETE.
 */
const PROCESS_COMMANDS: ReadonlySet<string> = new Set([
  ...["shutdown", "save", "bgsave", "bgrewriteaof", "debug", "failover", "replicaof", "slaveof", "sentinel"],
  // Redis's own tests. The second one blocks it for long.
  ...["pfdebug", "pfselftest"],
]);

/** Commands with subcommands, and those subcommands that only report. All others act on the process. */
const TELLING: ReadonlyMap<string, ReadonlySet<string>> = new Map([
  [
    "cluster",
    new Set([
      ...["count-failure-reports", "countkeysinslot", "getkeysinslot", "help", "info", "keyslot", "links"],
      ...["myid", "myshardid", "nodes", "replicas", "shards", "slaves", "slot-stats", "slots"],
    ]),
  ],
  ["module", new Set(["help", "list"])],
]);

/**
 * Subcommands of CLIENT that name clients by the proxy's ids, or act on all clients. The origin has other clients.
 */
const ABOUT_CLIENTS: ReadonlySet<string> = new Set([
  ...["id", "info", "kill", "list", "unblock", "getredir"],
]);

/** Commands that only a proxy has. */
const OWN_PREFIX = "glass.";

/** Why a request is not passed on, as an error in Redis's form. */
type Refusal = string;

/** Returns why a request is not passed on to the origin; undefined if it is. @param name the command in lower case */
export function refusePassing(
  { commands, settings: { allowAdmin }, isOwnParameter, host }: ProxyParts,
  name: string,
  request: Request,
  { route, isQueued }: { readonly route: Route | undefined; readonly isQueued: boolean },
): Refusal | undefined {
  if (route?.kind === "refuse" && !(allowAdmin && route.replicates === true && !isQueued)) {
    return `ERR ${route.reason}`;
  }
  const refusal = refuseProcessCommand(name, request, allowAdmin);
  if (refusal !== undefined || !isQueued || commands.find(request) === undefined) return refusal;
  if (isPause(name, request) && request.count > 2) {
    // An invalid PAUSE is refused here: the command queued at the origin in its place would succeed.
    const pause = readPause(request, host.clock.wallMs());
    return typeof pause === "string" ? pause : undefined;
  }
  return refuseQueued(name, request, { allowAdmin, isOurs: isOwnParameter });
}

function refuseProcessCommand(name: string, request: Request, allowAdmin: boolean): Refusal | undefined {
  if (allowAdmin) return undefined;
  const telling = TELLING.get(name);
  if (telling !== undefined) {
    // Without a subcommand the origin answers with an error.
    if (request.count < 2 || telling.has(request.text(1).toLowerCase())) return undefined;
    return needsAdmin(`${name} ${printable(request.text(1))}`);
  }
  // In debug mode the next script forks the origin, or blocks it altogether.
  const debugsScripts = name === "script" && request.count > 1 && request.text(1).toLowerCase() === "debug";
  return PROCESS_COMMANDS.has(name) || debugsScripts
    ? needsAdmin(debugsScripts ? "script debug" : name)
    : undefined;
}

/**
 * Returns the refusal of a command that is queued in a transaction at the origin; outside, the proxy answers it
 * itself.
 */
function refuseQueued(
  name: string,
  request: Request,
  { allowAdmin, isOurs }: { readonly allowAdmin: boolean; readonly isOurs: (name: string) => boolean },
): Refusal | undefined {
  if (name === "monitor") return MONITOR_IN_MULTI;
  // It would be about the origin's users.
  if (name === "acl") return cannotQueue("acl");
  // The origin does not know it.
  if (name.startsWith(OWN_PREFIX)) return cannotQueue(name);
  if (request.count < 2) return undefined;
  const subcommand = request.text(1).toLowerCase();
  if (name === "client") {
    const redirects =
      subcommand === "tracking" && texts(request, 3).some((word) => word.toLowerCase() === "redirect");
    return ABOUT_CLIENTS.has(subcommand) || redirects ? cannotQueue(`client ${subcommand}`) : undefined;
  }
  if (name !== "config") return undefined;
  if (subcommand === "get") {
    const shows = texts(request, 2).some((pattern) => /[*?[\\]/.test(pattern) || isSecret(pattern));
    return shows ? cannotQueue("config get with a pattern or of a password") : undefined;
  }
  if (subcommand === "set") {
    const names = texts(request, 2)
      .filter((_, at) => at % 2 === 0)
      .map((text) => text.toLowerCase());
    const own = names.find(isOurs);
    if (own !== undefined) return cannotQueue(`config set ${own}`);
    const kept = allowAdmin ? undefined : names.find((text) => !maySetAtOrigin(text));
    return kept === undefined ? undefined : needsAdmin(`config set ${printable(kept)}`);
  }
  const changes = subcommand === "rewrite" || subcommand === "resetstat";
  return changes && !allowAdmin ? needsAdmin(`config ${subcommand}`) : undefined;
}

export function needsAdmin(what: string): Refusal {
  return (
    `ERR ${what.toUpperCase()} acts on the origin itself, and this proxy does not pass it on; ` +
    "ask the origin, or start the proxy with --allow-admin"
  );
}

function cannotQueue(what: string): Refusal {
  return `ERR ${what.toUpperCase()} cannot be queued in a transaction through this proxy`;
}

function texts(request: Request, from: number): string[] {
  return Array.from({ length: Math.max(0, request.count - from) }, (_, at) => request.text(from + at));
}

function printable(text: string): string {
  return text.replace(/[^ -~]/g, "?").slice(0, 40);
}
