import { readFileSync } from "node:fs";

/** What this process has in memory, in bytes. */
export interface ProcessMemory {
  /** All that is resident, mapped files included. */
  readonly residentBytes: number;
  /** Without mapped files, where the system tells; else the same. Files are the system's to drop again. */
  readonly ownBytes: number;
}

export function processMemory(): ProcessMemory {
  const { rss } = process.memoryUsage();
  return { residentBytes: rss, ownBytes: ownBytes() ?? rss };
}

function ownBytes(): number | undefined {
  let status: string;
  try {
    status = readFileSync("/proc/self/status", "latin1");
  } catch {
    return undefined;
  }
  const kilobytes = (name: string) => new RegExp(`^${name}:\\s*([0-9]+) kB$`, "m").exec(status)?.[1];
  const [anonymous, shared] = [kilobytes("RssAnon"), kilobytes("RssShmem")];
  return anonymous === undefined || shared === undefined
    ? undefined
    : (Number(anonymous) + Number(shared)) * 1024;
}
