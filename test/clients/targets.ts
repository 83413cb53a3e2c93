import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority, type IssuedIdentity } from "../support/certificates.ts";
import { type RunningServer, startGlasscache, startRedis, startSecureRedis } from "../support/origins.ts";
import { TemporaryDirectory } from "../support/program.ts";
import { RedisCluster } from "../support/redis-cluster.ts";
import { RedisSentinel } from "../support/redis-sentinel.ts";
import { requireProgram } from "../support/requirements.ts";

/** What unmodified clients are tried against. Redis itself is the control: it shows that a test is right. */
export interface TargetKind {
  readonly name: string;
  /** What clients talk to, or what is behind the proxy. Cluster and Sentinel are of redis-servers, behind the proxy. */
  readonly origin: "glasscache" | "redis" | "cluster" | "sentinel";
  readonly isProxied: boolean;
  /** Whether everything goes by TLS, with client certificates that are required. */
  readonly isSecure: boolean;
  /** Whether clients are a user who may not do everything. */
  readonly isRestricted: boolean;
}

const PLAIN = { isSecure: false, isRestricted: false };

export const TARGETS: readonly TargetKind[] = [
  { name: "Redis itself", origin: "redis", isProxied: false, ...PLAIN },
  { name: "the server", origin: "glasscache", isProxied: false, ...PLAIN },
  { name: "the proxy in front of the server", origin: "glasscache", isProxied: true, ...PLAIN },
  { name: "the proxy in front of Redis", origin: "redis", isProxied: true, ...PLAIN },
];

const SECURED = { isSecure: true, isRestricted: false };
const RESTRICTED = { isSecure: false, isRestricted: true };

const MORE_TARGETS: readonly TargetKind[] = [
  { name: "the server, by TLS", origin: "glasscache", isProxied: false, ...SECURED },
  { name: "the proxy in front of Redis, both by TLS", origin: "redis", isProxied: true, ...SECURED },
  { name: "the server, for a restricted user", origin: "glasscache", isProxied: false, ...RESTRICTED },
  {
    name: "the proxy in front of Redis, for a restricted user",
    origin: "redis",
    isProxied: true,
    ...RESTRICTED,
  },
  { name: "the proxy in front of a cluster", origin: "cluster", isProxied: true, ...PLAIN },
  { name: "the proxy in front of a cluster, all by TLS", origin: "cluster", isProxied: true, ...SECURED },
  { name: "the proxy in front of sentinels", origin: "sentinel", isProxied: true, ...PLAIN },
  { name: "the proxy in front of sentinels, all by TLS", origin: "sentinel", isProxied: true, ...SECURED },
];

const redis = requireProgram("redis-server");

/** A target that runs. */
export interface Target extends AsyncDisposable {
  readonly port: number;
  /** What a client shows and trusts; undefined: the port is plain. */
  readonly tls: TargetTls | undefined;
  /** As whom clients authenticate; undefined: they need not. */
  readonly user: { readonly name: string; readonly password: string } | undefined;
  /** What clients talk to. */
  readonly running: RunningServer;
}

export interface TargetTls {
  readonly authority: Authority;
  readonly identity: IssuedIdentity;
}

/** The options of Redis's own programs for a target. */
export function redisOptions({ port, tls, user }: Target): string[] {
  const named = user === undefined ? [] : ["--user", user.name, "-a", user.password];
  if (tls === undefined) return ["-p", String(port), ...named];
  const { certificatePath, keyPath } = tls.identity;
  const files = ["--cacert", tls.authority.path, "--cert", certificatePath, "--key", keyPath];
  return ["-p", String(port), "--tls", ...files];
}

/** What libraries want to know of TLS; undefined: the port is plain. */
export function nodeTls({ tls }: Target) {
  return tls && { ca: tls.authority.certificate, cert: tls.identity.certificate, key: tls.identity.key };
}

/** The beginning of a target's address as URLs have it: the scheme, the user, the host. */
export function urlOf({ port, tls, user }: Target): string {
  const credentials = user === undefined ? "" : `${user.name}:${user.password}@`;
  return `${tls === undefined ? "redis" : "rediss"}://${credentials}127.0.0.1:${port}`;
}

/** Whether clients may run scripts: a proxy has them run with its own rights, so that is for those who may do all. */
export function mayRunScripts({ isProxied, isRestricted }: TargetKind): boolean {
  return !(isProxied && isRestricted);
}

/** Whether the target has all of Redis's types, messages and scripts. */
export function hasAllOfRedis({ origin }: TargetKind): boolean {
  return origin !== "glasscache";
}

/** Whether clients can have a cache of their own: CLIENT TRACKING needs a single server. */
export function tracksForClients({ origin }: TargetKind): boolean {
  return origin !== "cluster";
}

type RunTarget = (kind: TargetKind, title: string, canRun: boolean) => void;

/** The targets that this machine can run; the others' tests are skipped under the title with the reason. */
export function eachTarget(run: RunTarget): void {
  each([...TARGETS, ...MORE_TARGETS], run);
}

/** The same without TLS, for users who may do everything. */
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
  { origin, isProxied, isSecure, isRestricted }: TargetKind,
  given: readonly string[] = [],
): Promise<Target> {
  if (isSecure) return startSecureTarget(origin, isProxied, given);
  const users = isRestricted ? usersFile() : undefined;
  const options = users === undefined ? given : [...given, "--users", users.path];
  if (!isProxied) {
    const server = await (origin === "glasscache" ? startGlasscache([...SERVER, ...options]) : startRedis());
    return target(server, server, { users });
  }
  const behind = await startOrigin(origin);
  const proxy = await startGlasscache(["proxy", ...behind.flags, ...options]);
  return target(proxy, behind, { users });
}

const SERVER = ["server", "--engine", "memory"];

/** What a proxy asks, and the flags that say so. */
interface StartedOrigin extends AsyncDisposable {
  readonly flags: readonly string[];
}

/** @param listening the flags of our own server for TLS; absent: no TLS */
async function startOrigin(
  origin: TargetKind["origin"],
  tls?: TargetTls,
  listening: readonly string[] = [],
): Promise<StartedOrigin> {
  const asking =
    tls === undefined
      ? []
      : [
          ...["--origin-ca", tls.authority.path, "--origin-cert", tls.identity.certificatePath],
          ...["--origin-key", tls.identity.keyPath],
        ];
  const at = (started: AsyncDisposable, address: string, ...more: string[]): StartedOrigin => ({
    flags: ["--origin", address, ...asking, ...more],
    [Symbol.asyncDispose]: () => Promise.resolve(started[Symbol.asyncDispose]()),
  });
  const identity = tls?.authority.issue("service");
  if (origin === "cluster") {
    const secured = tls && { tls: { identity: identity!, authorities: tls.authority } };
    const cluster = await RedisCluster.start(secured);
    // Clients set keys of several slots at once, which is left to them by default.
    return at(cluster, cluster.address(), "--cross-slot", "split");
  }
  if (origin === "sentinel") {
    const secured = tls && {
      tls: {
        identity: identity!,
        authorities: tls.authority.certificate,
        authoritiesPath: tls.authority.path,
      },
    };
    const sentinel = await RedisSentinel.start(secured);
    return at(sentinel, sentinel.address);
  }
  const server =
    origin === "glasscache"
      ? await startGlasscache([...SERVER, ...listening])
      : await (tls === undefined
          ? startRedis()
          : startSecureRedis({ identity: identity!, authorities: tls.authority.path }));
  return at(server, `${tls === undefined ? "redis" : "rediss"}://127.0.0.1:${server.port}`);
}

/**
 * A file with a user who may use every key, and all commands but two. That is not the same as to be without limits:
 * each request is checked.
 */
function usersFile(): { readonly path: string } & Disposable {
  const directory = new TemporaryDirectory();
  const path = join(directory.path, "users.acl");
  const { name, password } = USER;
  writeFileSync(path, `user default off\nuser ${name} on >${password} %R~* %W~* &* +@all -shutdown -debug\n`);
  return { path, [Symbol.dispose]: () => directory[Symbol.dispose]() };
}

const USER = { name: "app", password: "sesame" };

/** Everything by TLS. The authority's files live as long as the target. */
async function startSecureTarget(
  origin: TargetKind["origin"],
  isProxied: boolean,
  options: readonly string[],
): Promise<Target> {
  const authority = new Authority();
  const identity = authority.issue("service");
  const tls = { authority, identity: authority.issue("client") };
  const listening = [
    ...["--tls-cert", identity.certificatePath, "--tls-key", identity.keyPath],
    ...["--tls-ca", authority.path, ...options],
  ];
  if (!isProxied) {
    const server = await startGlasscache([...SERVER, ...listening]);
    return target(server, server, { tls });
  }
  const behind = await startOrigin(origin, tls, listening);
  return target(await startGlasscache(["proxy", ...behind.flags, ...listening]), behind, { tls });
}

function target(
  running: RunningServer,
  behind: AsyncDisposable,
  { tls, users }: { readonly tls?: TargetTls; readonly users?: Disposable | undefined },
): Target {
  return {
    port: running.port,
    running,
    tls,
    user: users && USER,
    async [Symbol.asyncDispose]() {
      await running[Symbol.asyncDispose]();
      if (behind !== running) await behind[Symbol.asyncDispose]();
      tls?.authority[Symbol.dispose]();
      users?.[Symbol.dispose]();
    },
  };
}
