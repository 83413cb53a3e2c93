import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/**
 * Returns the processor time of a process so far, user and system, in microseconds (Linux).
 * @param name only of its threads of this name; undefined: of all
 */
export function cpuMicros(pid: number, name?: string): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      const isCounted =
        name === undefined || readFileSync(`/proc/${pid}/task/${thread}/comm`, "utf8").trim() === name;
      if (!isCounted) continue;
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      // The thread has ended meanwhile.
    }
  }
  return nanoseconds / 1000;
}

/** Returns the resident memory of a process in bytes (Linux). */
export function residentBytes(pid: number): number {
  return statusBytes(pid, "VmRSS");
}

/** Returns a process's resident memory without mapped files, such as those of a database, in bytes (Linux). */
export function ownBytes(pid: number): number {
  return statusBytes(pid, "RssAnon") + statusBytes(pid, "RssShmem");
}

/** Returns the peak of resident memory since the process began or since `restartPeak`, in bytes (Linux). */
export function peakResidentBytes(pid: number): number {
  return statusBytes(pid, "VmHWM");
}

/** Restarts the count of `peakResidentBytes`. */
export function restartPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function statusBytes(pid: number, field: string): number {
  const match = new RegExp(`^${field}:\\s+([0-9]+) kB$`, "m").exec(
    readFileSync(`/proc/${pid}/status`, "utf8"),
  );
  return match === null ? 0 : Number(match[1]) * 1024;
}
