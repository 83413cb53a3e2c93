import { type RunningServer, startGlasscache, startRedis } from "../support/origins.ts";
import { requireProgram } from "../support/requirements.ts";

/** What unmodified clients are tried against. Redis itself is the control: it shows that a test is right. */
export interface TargetKind {
  readonly name: string;
  readonly origin: "glasscache" | "redis";
  readonly isProxied: boolean;
}

export const TARGETS: readonly TargetKind[] = [
  { name: "Redis itself", origin: "redis", isProxied: false },
  { name: "the server", origin: "glasscache", isProxied: false },
  { name: "the proxy in front of the server", origin: "glasscache", isProxied: true },
  { name: "the proxy in front of Redis", origin: "redis", isProxied: true },
];

const redis = requireProgram("redis-server");

/** A target that runs. */
export interface Target extends AsyncDisposable {
  readonly port: number;
  /** What clients talk to. */
  readonly running: RunningServer;
}

/** The targets that this machine can run; the others' tests are skipped under the title with the reason. */
export function eachTarget(run: (kind: TargetKind, title: string, canRun: boolean) => void): void {
  for (const kind of TARGETS) {
    const canRun = kind.origin === "glasscache" || redis.available;
    run(kind, canRun ? kind.name : redis.title(kind.name), canRun);
  }
}

/** @param options for our program that clients talk to */
export async function startTarget(
  { origin, isProxied }: TargetKind,
  options: readonly string[] = [],
): Promise<Target> {
  const ofServer = isProxied ? [] : options;
  const behind =
    origin === "redis"
      ? await startRedis()
      : await startGlasscache(["server", "--engine", "memory", ...ofServer]);
  if (!isProxied) return target(behind, behind);
  const proxy = await startGlasscache(["proxy", "--origin", `127.0.0.1:${behind.port}`, ...options]);
  return target(proxy, behind);
}

function target(running: RunningServer, behind: RunningServer): Target {
  return {
    port: running.port,
    running,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      if (behind !== running) await behind[Symbol.asyncDispose]();
    },
  };
}
