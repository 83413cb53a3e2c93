import { readFileSync } from "node:fs";

/** Memory of this process, in bytes. */
export interface ProcessMemory {
  /** All resident memory, mapped files included. */
  readonly residentBytes: number;
  /**
   * Resident memory without mapped files, because the system can drop those at any time. If the system does not tell,
   * all resident memory.
   */
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
