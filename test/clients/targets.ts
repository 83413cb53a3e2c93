import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Authority, type IssuedIdentity } from "../support/certificates.ts";
import { type RunningServer, startGlasscache, startRedis, startSecureRedis } from "../support/origins.ts";
import { TemporaryDirectory } from "../support/program.ts";
import { requireProgram } from "../support/requirements.ts";

/** What unmodified clients are tried against. Redis itself is the control: it shows that a test is right. */
export interface TargetKind {
  readonly name: string;
  readonly origin: "glasscache" | "redis";
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
  const ofServer = isProxied ? [] : options;
  const behind =
    origin === "redis"
      ? await startRedis()
      : await startGlasscache(["server", "--engine", "memory", ...ofServer]);
  if (!isProxied) return target(behind, behind, { users });
  const proxy = await startGlasscache(["proxy", "--origin", `127.0.0.1:${behind.port}`, ...options]);
  return target(proxy, behind, { users });
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
  const client = authority.issue("client");
  const listening = [
    ...["--tls-cert", identity.certificatePath, "--tls-key", identity.keyPath],
    ...["--tls-ca", authority.path, ...options],
  ];
  const tls = { authority, identity: client };
  if (!isProxied) {
    const server = await startGlasscache(["server", "--engine", "memory", ...listening]);
    return target(server, server, { tls });
  }
  const behind =
    origin === "redis"
      ? await startSecureRedis({ identity, authorities: authority.path })
      : await startGlasscache(["server", "--engine", "memory", ...listening]);
  const asking = [
    ...["--origin", `rediss://127.0.0.1:${behind.port}`, "--origin-ca", authority.path],
    ...["--origin-cert", client.certificatePath, "--origin-key", client.keyPath],
  ];
  return target(await startGlasscache(["proxy", ...asking, ...listening]), behind, { tls });
}

function target(
  running: RunningServer,
  behind: RunningServer,
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
