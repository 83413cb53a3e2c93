import { readdirSync, readFileSync, writeFileSync } from "node:fs";

/** Processor time of a process so far, all threads, user and system, in microseconds (Linux). */
export function cpuMicros(pid: number): number {
  let nanoseconds = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    try {
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
    } catch {
      // The thread has ended meanwhile.
    }
  }
  return nanoseconds / 1000;
}

/** Resident memory of a process in bytes (Linux). */
export function residentBytes(pid: number): number {
  return statusBytes(pid, "VmRSS");
}

/** Of a process's resident memory what it has for itself: everything but mapped files, such as those of a database (Linux). */
export function ownBytes(pid: number): number {
  return statusBytes(pid, "RssAnon") + statusBytes(pid, "RssShmem");
}

/** The most memory that was resident since the process began or `restartPeak` (Linux). */
export function peakResidentBytes(pid: number): number {
  return statusBytes(pid, "VmHWM");
}

/** From now on `peakResidentBytes` counts anew. */
export function restartPeak(pid: number): void {
  writeFileSync(`/proc/${pid}/clear_refs`, "5");
}

function statusBytes(pid: number, field: string): number {
  const match = new RegExp(`^${field}:\\s+([0-9]+) kB$`, "m").exec(
    readFileSync(`/proc/${pid}/status`, "utf8"),
  );
  return match === null ? 0 : Number(match[1]) * 1024;
}
