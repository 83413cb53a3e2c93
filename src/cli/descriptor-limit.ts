import { readdirSync, readFileSync } from "node:fs";
import { FailedError } from "./exit.ts";

/** File descriptors of this process: as many as it may have, and as it has now. */
export interface Descriptors {
  readonly limit: number;
  readonly open: number;
}

/** Kept for what is not a client: clients being refused, the origin, files, what the runtime opens. */
export const RESERVED_DESCRIPTORS = 64;

/** Undefined where the system does not tell (there is no /proc). */
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
  /** What to tell where it is lower than what was asked for. */
  readonly message: string | undefined;
}

/**
 * As many clients as there are file descriptors for, beyond those that are reserved. Without that, accepting would fail
 * when there are none left: newcomers would hang, and a lost connection to the origin could not be opened again.
 * @param reserved how many are to be left over
 * @param flag names the limit to users
 * @throws FailedError where nothing is left for clients
 */
export function fittingConnections(
  wanted: number,
  descriptors: Descriptors | undefined,
  reserved: number,
  flag: string,
): FittingLimit {
  if (descriptors === undefined) return { connections: wanted, message: undefined };
  const { limit, open } = descriptors;
  // Where there are few, clients get half of them.
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
