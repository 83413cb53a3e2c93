/** A primary and replicas of a real Redis, and three sentinels that watch over them. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { IssuedIdentity } from "./certificates.ts";
import { onPort, RunningServer } from "./origins.ts";
import { Program } from "./program.ts";
import { Relay } from "./relay.ts";
import { requireProgram } from "./requirements.ts";
import { RespClient } from "./resp-client.ts";
import { until } from "./until.ts";

/** The name under which the sentinels know the primary. */
export const PRIMARY_NAME = "main";
const SENTINELS = 3;
/** The proxy's user at sentinels that ask for a password, and all that it needs there. */
const WATCHER = "watcher";
const WATCHER_RIGHTS = "-@all &+switch-master +subscribe +sentinel|get-master-addr-by-name +sentinel|master";

export interface RedisSentinelOptions {
  /** How long the primary may be silent before a sentinel takes it for down; 1000 by default. */
  readonly downAfterMs?: number;
  /** How long a failover may take, and half the time between two of them; 10,000 by default. */
  readonly failoverTimeoutMs?: number;
  /**
   * Sentinels look at the servers twice a second instead of each 10 seconds, and so notice within a second that a
   * server that comes back has to follow another one.
   */
  readonly isHurried?: boolean;
  /** 1 by default. */
  readonly replicas?: number;
  /**
   * Each server has a relay in front of it, whose port it announces and sentinels know, and each sentinel has one whose
   * port `address` tells. The seed is for what the relays do.
   */
  readonly relaySeed?: number;
  /** Servers and sentinels speak TLS alone, with this certificate. */
  readonly tls?: {
    readonly identity: IssuedIdentity;
    /** The certificates of its authorities, as text, and the path of their file. */
    readonly authorities: string;
    readonly authoritiesPath: string;
  };
  /** Of the servers. */
  readonly password?: string;
  /** Of the sentinels, for each other and for the proxy's user there. */
  readonly sentinelPassword?: string;
}

/** They are all killed when it is disposed of. */
export class RedisSentinel implements AsyncDisposable {
  /** The primary at first, and its replicas. */
  readonly servers: readonly [RunningServer, RunningServer, ...RunningServer[]];
  readonly sentinels: readonly RunningServer[];
  readonly #options: RedisSentinelOptions;
  readonly #relays: ReadonlyMap<RunningServer, Relay>;

  private constructor(
    servers: readonly [RunningServer, RunningServer, ...RunningServer[]],
    sentinels: readonly RunningServer[],
    options: RedisSentinelOptions,
    relays: ReadonlyMap<RunningServer, Relay>,
  ) {
    this.servers = servers;
    this.sentinels = sentinels;
    this.#options = options;
    this.#relays = relays;
  }

  /** Starts them, and waits until every sentinel knows the other ones and the replica. */
  static async start(options: RedisSentinelOptions = {}): Promise<RedisSentinel> {
    const { replicas: replicaCount = 1 } = options;
    const started: RunningServer[] = [];
    const relays = new Map<RunningServer, Relay>();
    const begin = async (starting: Promise<Started>): Promise<Started> => {
      const one = await starting;
      started.push(one.server);
      if (one.relay !== undefined) relays.set(one.server, one.relay);
      return one;
    };
    try {
      const primary = await begin(startServer(options));
      const replicas: RunningServer[] = [];
      for (let index = 0; index < replicaCount; index++) {
        replicas.push((await begin(startServer(options, primary.shownPort))).server);
      }
      const sentinels: RunningServer[] = [];
      for (let index = 0; index < SENTINELS; index++) {
        sentinels.push((await begin(startSentinel(options, primary.shownPort))).server);
      }
      const [replica, ...others] = replicas;
      const one = new RedisSentinel([primary.server, replica!, ...others], sentinels, options, relays);
      for (const sentinel of sentinels) await one.#isComplete(sentinel);
      for (const sentinel of sentinels) await one.#hurry(sentinel);
      return one;
    } catch (error) {
      for (const relay of relays.values()) relay[Symbol.dispose]();
      for (const server of started) await server[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** What connections to a server's or sentinel's announced port pass through; undefined without `relaySeed`. */
  relayOf(server: RunningServer): Relay | undefined {
    return this.#relays.get(server);
  }

  /** The port by which others know a server or sentinel. */
  shownPort(server: RunningServer): number {
    return this.#relays.get(server)?.port ?? server.port;
  }

  /** The address for `--origin`. */
  get address(): string {
    const { tls, password, sentinelPassword } = this.#options;
    const scheme = tls === undefined ? "redis+sentinel" : "rediss+sentinel";
    const login = password === undefined ? "" : `:${password}@`;
    const hosts = this.sentinels.map((sentinel) => `127.0.0.1:${this.shownPort(sentinel)}`).join(",");
    const query =
      sentinelPassword === undefined ? "" : `?sentinel-user=${WATCHER}&sentinel-password=${sentinelPassword}`;
    return `${scheme}://${login}${hosts}/${PRIMARY_NAME}${query}`;
  }

  /** A client of a server or a sentinel itself. */
  async client(server: RunningServer): Promise<RespClient> {
    const { tls, password, sentinelPassword } = this.#options;
    const client = await RespClient.connect({
      port: server.port,
      ...(tls !== undefined && { authorities: tls.authorities }),
    });
    const secret = this.sentinels.includes(server) ? sentinelPassword : password;
    if (secret !== undefined) await client.must("AUTH", secret);
    return client;
  }

  /** Has the sentinels replace the primary although it works. */
  async failover(): Promise<void> {
    using client = await this.client(this.sentinels[0]!);
    await client.must("SENTINEL", "FAILOVER", PRIMARY_NAME);
  }

  /** Waits until a server has a role, which ends its clients' connections. */
  async hasRole(server: RunningServer, role: "master" | "slave"): Promise<void> {
    await until(async () => {
      using client = await this.client(server);
      const said = await client.ask("ROLE").catch(() => []);
      return Array.isArray(said) && said[0] === role;
    }, `a server is a ${role}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const relay of this.#relays.values()) relay[Symbol.dispose]();
    for (const server of [...this.sentinels, ...this.servers]) await server[Symbol.asyncDispose]();
  }

  /** Starts a server or sentinel again that was killed, with what it knew. A server has lost its keys. */
  async restart(server: RunningServer): Promise<void> {
    await server.restart();
    if (this.sentinels.includes(server)) await this.#hurry(server);
  }

  async #hurry(sentinel: RunningServer): Promise<void> {
    if (this.#options.isHurried !== true) return;
    using client = await this.client(sentinel);
    await client.must("SENTINEL", "DEBUG", "INFO-PERIOD", "500", "PUBLISH-PERIOD", "200");
  }

  async #isComplete(sentinel: RunningServer): Promise<void> {
    using client = await this.client(sentinel);
    await until(async () => {
      const fields = (await client.must("SENTINEL", "MASTER", PRIMARY_NAME)) as string[];
      const field = (name: string): string | undefined => fields[fields.indexOf(name) + 1];
      return (
        field("num-other-sentinels") === String(SENTINELS - 1) &&
        field("num-slaves") === String(this.servers.length - 1)
      );
    }, "a sentinel knows the others and the replicas");
    // A replica that is still being synchronized cannot be promoted.
    await until(async () => {
      const replicas = (await client.must("SENTINEL", "REPLICAS", PRIMARY_NAME)) as string[][];
      return replicas.every((replica) => replica[replica.indexOf("master-link-status") + 1] === "ok");
    }, "the replicas are synchronized");
  }
}

/** A server or sentinel, with its relay. */
interface Started {
  readonly server: RunningServer;
  readonly relay: Relay | undefined;
  /** The port by which others know it. */
  readonly shownPort: number;
}

/** @param primaryPort of the server which it is a replica of; undefined: of none */
function startServer(options: RedisSentinelOptions, primaryPort?: number): Promise<Started> {
  const { path } = requireProgram("redis-server");
  const { password } = options;
  return startBehindRelay(options, (chosen, directory, relay) => {
    const file = writeOnce(join(directory, "redis.conf"), chosen, [
      ...listening(options, chosen).map(([name, value]) => `${name} ${value}`),
      ...["bind 127.0.0.1", `dir ${directory}`, 'save ""', "appendonly no", "repl-diskless-sync-delay 0"],
      // Otherwise one that was a replica has the keys of that time when it is started again.
      "rdb-del-sync-files yes",
      ...(password === undefined ? [] : [`requirepass ${password}`, `masterauth ${password}`]),
      ...(relay === undefined ? [] : [`replica-announce-port ${relay.port}`]),
      ...(primaryPort === undefined ? [] : [`replicaof 127.0.0.1 ${primaryPort}`]),
    ]);
    return Program.start([path, file], (line) =>
      line.includes("Ready to accept connections") ? chosen : undefined,
    );
  });
}

/**
 * Writes a configuration file. Servers and sentinels write down there what they learn; so it stays as it is when they
 * are started again, on the same port.
 * @returns its path
 */
function writeOnce(path: string, port: number, lines: readonly string[]): string {
  const isThere = existsSync(path) && readFileSync(path, "utf8").includes(`port ${port}\n`);
  if (!isThere) writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

function startSentinel(options: RedisSentinelOptions, primaryPort: number): Promise<Started> {
  const { path } = requireProgram("redis-server");
  const { downAfterMs = 1000, failoverTimeoutMs = 10_000, password, sentinelPassword } = options;
  return startBehindRelay(options, (chosen, directory) => {
    const file = writeOnce(join(directory, "sentinel.conf"), chosen, [
      ...listening(options, chosen).map(([name, value]) => `${name} ${value}`),
      "bind 127.0.0.1",
      `dir ${directory}`,
      `sentinel monitor ${PRIMARY_NAME} 127.0.0.1 ${primaryPort} 2`,
      `sentinel down-after-milliseconds ${PRIMARY_NAME} ${downAfterMs}`,
      `sentinel failover-timeout ${PRIMARY_NAME} ${failoverTimeoutMs}`,
      ...(password === undefined ? [] : [`sentinel auth-pass ${PRIMARY_NAME} ${password}`]),
      ...(sentinelPassword === undefined
        ? []
        : [
            `requirepass ${sentinelPassword}`,
            `sentinel sentinel-pass ${sentinelPassword}`,
            `user ${WATCHER} on >${sentinelPassword} ${WATCHER_RIGHTS}`,
          ]),
    ]);
    return Program.start([path, file, "--sentinel"], (line) =>
      line.includes("+monitor master") ? chosen : undefined,
    );
  });
}

async function startBehindRelay(
  { relaySeed }: RedisSentinelOptions,
  start: (
    chosen: number,
    directory: string,
    relay: Relay | undefined,
  ) => Promise<{ program: Program; ready: number }>,
): Promise<Started> {
  let relay: Relay | undefined;
  const server = await RunningServer.start((port, directory) =>
    onPort(port, async (chosen) => {
      if (relaySeed !== undefined && port === 0) {
        relay?.[Symbol.dispose]();
        relay = await Relay.start(chosen, relaySeed);
      }
      return start(chosen, directory, relay);
    }),
  );
  return { server, relay, shownPort: relay?.port ?? server.port };
}

/** Settings of where a server or a sentinel listens. */
function listening({ tls }: RedisSentinelOptions, port: number): [name: string, value: string][] {
  if (tls === undefined) return [["port", String(port)]];
  const { identity, authoritiesPath } = tls;
  return [
    ["port", "0"],
    ["tls-port", String(port)],
    ["tls-cert-file", identity.certificatePath],
    ["tls-key-file", identity.keyPath],
    ["tls-ca-cert-file", authoritiesPath],
    ["tls-auth-clients", "no"],
    ["tls-replication", "yes"],
  ];
}
