import { readdirSync, readFileSync } from "node:fs";
import { FailedError } from "./exit.ts";

/** File descriptors of this process: the limit, and how many are open. */
export interface Descriptors {
  readonly limit: number;
  readonly open: number;
}

/** Descriptors kept for other uses than clients: refusing clients, the origin, files, the runtime. */
export const RESERVED_DESCRIPTORS = 64;

/** Returns undefined if the system does not tell (there is no /proc). */
export function readDescriptors(): Descriptors | undefined {
  try {
    const soft = /^Max open files +(\d+|unlimited)/m.exec(readFileSync("/proc/self/limits", "latin1"))?.[1];
    if (soft === undefined) return undefined;
    const limit = soft === "unlimited" ? Number.POSITIVE_INFINITY : Number(soft);
    return { limit, open: readdirSync("/proc/self/fd").length };
  } catch {
    return undefined;
  }
}

export interface FittingLimit {
  readonly connections: number;
  /** The message for the log, if the limit is lower than requested. */
  readonly message: string | undefined;
}

/**
 * Limits the number of clients to the available file descriptors, except for the reserved ones. Without that limit,
 * accepting would fail when none are left: new clients would hang, and a lost connection to the origin could not be
 * opened again.
 * @param reserved number of descriptors to leave for other uses
 * @param flag the limit's name in messages
 * @throws FailedError if no descriptors are left for clients
 */
export function fittingConnections(
  wanted: number,
  descriptors: Descriptors | undefined,
  reserved: number,
  flag: string,
): FittingLimit {
  if (descriptors === undefined) return { connections: wanted, message: undefined };
  const { limit, open } = descriptors;
  // If descriptors are scarce, clients get half of them.
  const kept = Math.min(reserved, Math.ceil((limit - open) / 2));
  const left = limit - open - kept;
  const why = `this process may open ${limit} files (ulimit -n), has ${open} open and keeps ${kept} in reserve`;
  if (left < 1) throw new FailedError(`no file descriptors are left for clients: ${why}; raise ulimit -n`);
  if (wanted <= left) return { connections: wanted, message: undefined };
  return {
    connections: left,
    message: `at most ${left.toLocaleString("en")} clients instead of ${wanted.toLocaleString("en")} (${flag}): ${why}`,
  };
}
