import type { Request } from "../protocol/protocol.ts";
import { type ReadOnlyScripts, saysItIsReadOnly } from "./read-only-scripts.ts";
import type { Route } from "./routes.ts";

/** Writes and messages, among what has no route or one that does not tell. */
const REPLICATED: ReadonlySet<string> = new Set(["publish", "spublish", "migrate"]);
const FUNCTION_WRITES: ReadonlySet<string> = new Set(["delete", "flush", "load", "restore"]);
/** Commands without a route that change no key. What is not known may change some. */
const CHANGES_NOTHING: ReadonlySet<string> = new Set([
  ...[
    "asking",
    "auth",
    "bgrewriteaof",
    "bgsave",
    "client",
    "debug",
    "discard",
    "echo",
    "eval_ro",
    "evalsha_ro",
  ],
  ...[
    "exec",
    "failover",
    "fcall_ro",
    "hello",
    "ping",
    "quit",
    "readonly",
    "readwrite",
    "reset",
    "save",
    "select",
  ],
  ...["shutdown", "unwatch"],
]);

/**
 * Whether a request would be told to replicas, which CLIENT PAUSE WRITE holds up: writes, messages, and scripts that do
 * not say that they write nothing. Of FCALL the origin has to be asked (`calledFunction`), and it counts as told. EXEC
 * depends on what has been queued, which is not looked at here.
 */
export function replicates(
  name: string,
  request: Request,
  route: Route | undefined,
  scripts: ReadOnlyScripts,
): boolean {
  if (route === undefined) {
    if (name === "eval") return !(request.count > 1 && saysItIsReadOnly(request, 1));
    if (name === "evalsha") return !(request.count > 1 && scripts.has(request.text(1)));
    return !CHANGES_NOTHING.has(name);
  }
  if (REPLICATED.has(name)) return true;
  switch (route.kind) {
    case "write":
      return true;
    case "side":
      if (name === "function") {
        return request.count > 1 && FUNCTION_WRITES.has(request.text(1).toLowerCase());
      }
      return route.changesNothing !== true && !TOLD.has(name);
    case "pin":
      return route.changesNothing !== true;
    default:
      return false;
  }
}

/** What is told to the origin itself. */
const TOLD: ReadonlySet<string> = new Set(["acl", "cluster", "config", "module", "script"]);

/** The function that an FCALL names. @param name the command in lower case */
export function calledFunction(name: string, request: Request): string | undefined {
  return name === "fcall" && request.count > 1 ? request.text(1) : undefined;
}
