import { Authority, type IssuedIdentity } from "../support/certificates.ts";
import { type RunningServer, startGlasscache, startRedis, startSecureRedis } from "../support/origins.ts";
import { requireProgram } from "../support/requirements.ts";

/** What unmodified clients are tried against. Redis itself is the control: it shows that a test is right. */
export interface TargetKind {
  readonly name: string;
  readonly origin: "glasscache" | "redis";
  readonly isProxied: boolean;
  /** Whether everything goes by TLS, with client certificates that are required. */
  readonly isSecure: boolean;
}

export const TARGETS: readonly TargetKind[] = [
  { name: "Redis itself", origin: "redis", isProxied: false, isSecure: false },
  { name: "the server", origin: "glasscache", isProxied: false, isSecure: false },
  { name: "the proxy in front of the server", origin: "glasscache", isProxied: true, isSecure: false },
  { name: "the proxy in front of Redis", origin: "redis", isProxied: true, isSecure: false },
];

const SECURE_TARGETS: readonly TargetKind[] = [
  { name: "the server, by TLS", origin: "glasscache", isProxied: false, isSecure: true },
  { name: "the proxy in front of Redis, both by TLS", origin: "redis", isProxied: true, isSecure: true },
];

const redis = requireProgram("redis-server");

/** A target that runs. */
export interface Target extends AsyncDisposable {
  readonly port: number;
  /** What a client shows and trusts; undefined: the port is plain. */
  readonly tls: TargetTls | undefined;
  /** What clients talk to. */
  readonly running: RunningServer;
}

export interface TargetTls {
  readonly authority: Authority;
  readonly identity: IssuedIdentity;
}

/** The options of Redis's own programs for a target. */
export function redisOptions({ port, tls }: Target): string[] {
  if (tls === undefined) return ["-p", String(port)];
  const { certificatePath, keyPath } = tls.identity;
  const files = ["--cacert", tls.authority.path, "--cert", certificatePath, "--key", keyPath];
  return ["-p", String(port), "--tls", ...files];
}

/** What libraries want to know of TLS; undefined: the port is plain. */
export function nodeTls({ tls }: Target) {
  return tls && { ca: tls.authority.certificate, cert: tls.identity.certificate, key: tls.identity.key };
}

type RunTarget = (kind: TargetKind, title: string, canRun: boolean) => void;

/** The targets that this machine can run; the others' tests are skipped under the title with the reason. */
export function eachTarget(run: RunTarget): void {
  each([...TARGETS, ...SECURE_TARGETS], run);
}

/** The same without TLS. */
export function eachPlainTarget(run: RunTarget): void {
  each(TARGETS, run);
}

function each(kinds: readonly TargetKind[], run: RunTarget): void {
  for (const kind of kinds) {
    const canRun = kind.origin === "glasscache" || redis.available;
    run(kind, canRun ? kind.name : redis.title(kind.name), canRun);
  }
}

/** @param options for our program that clients talk to */
export async function startTarget(
  { origin, isProxied, isSecure }: TargetKind,
  options: readonly string[] = [],
): Promise<Target> {
  if (isSecure) return startSecureTarget(origin, isProxied, options);
  const ofServer = isProxied ? [] : options;
  const behind =
    origin === "redis"
      ? await startRedis()
      : await startGlasscache(["server", "--engine", "memory", ...ofServer]);
  if (!isProxied) return target(behind, behind);
  const proxy = await startGlasscache(["proxy", "--origin", `127.0.0.1:${behind.port}`, ...options]);
  return target(proxy, behind);
}

/** Everything by TLS. The authority's files live as long as the target. */
async function startSecureTarget(
  origin: TargetKind["origin"],
  isProxied: boolean,
  options: readonly string[],
): Promise<Target> {
  const authority = new Authority();
  const identity = authority.issue("service");
  const client = authority.issue("client");
  const listening = [
    ...["--tls-cert", identity.certificatePath, "--tls-key", identity.keyPath],
    ...["--tls-ca", authority.path, ...options],
  ];
  const tls = { authority, identity: client };
  if (!isProxied) {
    const server = await startGlasscache(["server", "--engine", "memory", ...listening]);
    return target(server, server, tls);
  }
  const behind =
    origin === "redis"
      ? await startSecureRedis({ identity, authorities: authority.path })
      : await startGlasscache(["server", "--engine", "memory", ...listening]);
  const asking = [
    ...["--origin", `rediss://127.0.0.1:${behind.port}`, "--origin-ca", authority.path],
    ...["--origin-cert", client.certificatePath, "--origin-key", client.keyPath],
  ];
  return target(await startGlasscache(["proxy", ...asking, ...listening]), behind, tls);
}

function target(running: RunningServer, behind: RunningServer, tls?: TargetTls): Target {
  return {
    port: running.port,
    running,
    tls,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      if (behind !== running) await behind[Symbol.asyncDispose]();
      tls?.authority[Symbol.dispose]();
    },
  };
}
