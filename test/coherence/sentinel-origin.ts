import { ReplyError, type ReplyValue } from "../../src/protocol/reply-value.ts";
import type { RunningServer } from "../support/origins.ts";
import { PRIMARY_NAME, RedisSentinel } from "../support/redis-sentinel.ts";
import { ConnectionLost, type RespClient } from "../support/resp-client.ts";
import { until } from "../support/until.ts";
import type { Damage, FailingOrigin, ListFault, QuietPlace, Tag } from "./failing-origin.ts";
import { APPEND_AND_GET, type Around } from "./list-clients.ts";
import { type Answer, LOST } from "./operations.ts";
import { RELAY_FAULTS } from "./relay-faults.ts";

const REPLICAS = 2;
const DOWN_AFTER_MS = 1000;
const FAILOVER_TIMEOUT_MS = 2000;
const TAGS = 6;
const QUIET_KEYS = 16;
/** How long a server may take before a client gives its connection up. */
const ANSWER_WITHIN_MS = 800;
const STEP_MOST_MS = 600;

/** A primary with two replicas and three sentinels, behind a relay for each. */
export class SentinelOrigin implements FailingOrigin, AsyncDisposable {
  readonly parts = 1;
  readonly tags: readonly Tag[] = tags("t", TAGS);
  readonly quiet: readonly QuietPlace[] = tags("q", QUIET_KEYS).map((tag) => ({
    ...tag,
    key: `quiet:{${tag.text}}`,
  }));
  readonly sentinel: RedisSentinel;
  readonly #patienceMs: number;
  /** Servers and sentinels that are not there, or stand still. */
  readonly #away = new Set<RunningServer>();
  readonly #connections = new Map<RunningServer, RespClient>();

  private constructor(sentinel: RedisSentinel, patienceMs: number) {
    this.sentinel = sentinel;
    this.#patienceMs = patienceMs;
  }

  /** @param patienceMs about how long a server must be silent for a proxy to take it for dead */
  static async start(relaySeed: number, patienceMs: number): Promise<SentinelOrigin> {
    const times = { downAfterMs: DOWN_AFTER_MS, failoverTimeoutMs: FAILOVER_TIMEOUT_MS };
    return new SentinelOrigin(
      await RedisSentinel.start({ ...times, replicas: REPLICAS, relaySeed, isHurried: true }),
      patienceMs,
    );
  }

  get address(): string {
    return this.sentinel.address;
  }

  openAround(): Around {
    return {
      append: async (_key, text) => {
        const primary = await this.#named();
        if (primary === undefined) return new ReplyError("ORIGINDOWN the sentinels do not agree");
        return this.#ask(primary, "EVAL", APPEND_AND_GET, "1", _key, text);
      },
    };
  }

  async settled(): Promise<void> {
    await until(async () => (await this.#problem()) === undefined, "the primary and its replicas are well");
  }

  async reigns(): Promise<readonly string[]> {
    let reign = "";
    await until(async () => {
      const fields = await this.#ask(this.sentinel.sentinels[0]!, "SENTINEL", "MASTER", PRIMARY_NAME);
      if (!Array.isArray(fields)) return false;
      reign = `since failover ${fields[fields.indexOf("config-epoch") + 1]}`;
      return true;
    }, "a sentinel tells which failover was the last");
    return [reign];
  }

  namesOf(): readonly string[] {
    return this.sentinel.servers.map((server) => `127.0.0.1:${this.sentinel.shownPort(server)}`);
  }

  async valuesOf(keys: readonly string[]): Promise<(string | null)[]> {
    return (await this.#must(await this.#primary(), "MGET", ...keys)) as (string | null)[];
  }

  async restore(key: string, value: string): Promise<void> {
    await this.#must(await this.#primary(), "SET", key, value);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const connection of this.#connections.values()) connection.close();
    await this.sentinel[Symbol.asyncDispose]();
  }

  // ---- faults

  readonly faults: Readonly<Record<string, ListFault>> = {
    /** The primary dies, a replica takes over, and the old primary comes back empty. */
    kill: (random) =>
      this.#lossy(async (primary) => {
        await this.#without(primary, async () => {
          await primary.kill();
          await this.#replaced(primary);
          await Bun.sleep(random.below(STEP_MOST_MS));
          await this.sentinel.restart(primary);
        });
      }),

    /** The primary dies and comes back empty before anybody takes its place. */
    restart: (random) =>
      this.#lossy(async (primary) => {
        await this.#without(primary, async () => {
          await primary.kill();
          await Bun.sleep(random.below(DOWN_AFTER_MS / 2));
          await this.sentinel.restart(primary);
        });
      }),

    /** The primary stands still, for less time than the sentinels wait. */
    pause: (random) =>
      this.#lossless(async (primary) => {
        await this.#without(primary, async () => {
          primary.program.signal("SIGSTOP");
          await Bun.sleep(50 + random.below(DOWN_AFTER_MS * 0.6));
          primary.program.signal("SIGCONT");
        });
      }),

    /** The primary stands still until a replica has taken over, and goes on then. */
    replace: (random) =>
      this.#lossy(async (primary) => {
        await this.#without(primary, async () => {
          primary.program.signal("SIGSTOP");
          await this.#replaced(primary);
          await Bun.sleep(random.below(STEP_MOST_MS));
          primary.program.signal("SIGCONT");
        });
      }),

    /** The sentinels are told to replace the primary although it works. */
    failover: () =>
      this.#lossy(async (primary) => {
        await until(async () => {
          // Refused while another failover is not long over.
          const reply = await this.#ask(this.sentinel.sentinels[0]!, "SENTINEL", "FAILOVER", PRIMARY_NAME);
          return reply === "OK" || (await this.#named()) !== primary;
        }, "a sentinel begins a failover");
        await this.#replaced(primary);
      }),

    /** A sentinel dies and comes back. */
    sentinel: async (random) => {
      const one = random.pick(this.sentinel.sentinels);
      await this.#without(one, async () => {
        await one.kill();
        await Bun.sleep(random.below(STEP_MOST_MS * 3));
        await this.sentinel.restart(one);
      });
      return { parts: [], losses: [] };
    },

    /** The way to a sentinel fails in one of the ways in which that to a server fails. */
    "way to a sentinel": async (random) => {
      const relay = this.sentinel.relayOf(random.pick(this.sentinel.sentinels))!;
      await random.pick(Object.values(RELAY_FAULTS))(relay, random, this.#patienceMs);
      return { parts: [], losses: [] };
    },

    /** A replica dies and comes back. */
    replica: async (random) => {
      const primary = await this.#primary();
      const one = random.pick(this.sentinel.servers.filter((server) => server !== primary));
      await this.#without(one, async () => {
        await one.kill();
        await Bun.sleep(random.below(STEP_MOST_MS * 3));
        await this.sentinel.restart(one);
      });
      return { parts: [], losses: [] };
    },

    /** The primary ends connections, those of the proxies and others. */
    disconnect: () =>
      this.#lossless(async (primary) => {
        await this.#ask(primary, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      }),

    ...Object.fromEntries(
      Object.entries(RELAY_FAULTS).map(([name, fault]): [string, ListFault] => [
        name,
        (random) =>
          this.#lossless((primary) => fault(this.sentinel.relayOf(primary)!, random, this.#patienceMs)),
      ]),
    ),
  };

  async #lossless(fault: (primary: RunningServer) => Promise<void>): Promise<Damage> {
    await fault(await this.#primary());
    return { parts: [0], losses: [] };
  }

  async #lossy(fault: (primary: RunningServer) => Promise<void>): Promise<Damage> {
    const primary = await this.#primary();
    const startMs = performance.now();
    await fault(primary);
    return { parts: [0], losses: [{ concerns: () => true, startMs }] };
  }

  /** Nobody is to ask the server meanwhile. */
  async #without(server: RunningServer, action: () => Promise<void>): Promise<void> {
    this.#away.add(server);
    try {
      await action();
    } finally {
      this.#away.delete(server);
    }
  }

  async #replaced(former: RunningServer): Promise<void> {
    await until(async () => {
      const named = await this.#named();
      return named !== undefined && named !== former;
    }, "the sentinels name another primary");
  }

  // ---- who is who

  /** The primary by the word of most sentinels: a proxy hears no more of them. */
  async #named(): Promise<RunningServer | undefined> {
    const there = this.sentinel.sentinels.filter((one) => !this.#away.has(one));
    const replies = await Promise.all(
      there.map((one) => this.#ask(one, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", PRIMARY_NAME)),
    );
    const ports = replies.map((reply) => (Array.isArray(reply) ? Number(reply[1]) : undefined));
    return this.sentinel.servers.find(
      (server) =>
        ports.filter((port) => port === this.sentinel.shownPort(server)).length * 2 >
        this.sentinel.sentinels.length,
    );
  }

  async #primary(): Promise<RunningServer> {
    let primary: RunningServer | undefined;
    await until(async () => {
      primary = await this.#named();
      return primary !== undefined;
    }, "the sentinels name a primary");
    return primary!;
  }

  /** What is not well yet. */
  async #problem(): Promise<string | undefined> {
    const primary = await this.#named();
    if (primary === undefined) return "the sentinels do not agree";
    for (const server of this.sentinel.servers) {
      const role = await this.#ask(server, "ROLE");
      if (!Array.isArray(role)) return "a server does not answer";
      if ((role[0] === "master") !== (server === primary)) return "a server has another role";
      if (server === primary && (role[2] as ReplyValue[]).length !== REPLICAS) return "a replica is missing";
      if (server === primary) continue;
      if (role[2] !== this.sentinel.shownPort(primary)) return "a replica follows another server";
      if (role[3] !== "connected") return "a replica has no link";
    }
    for (const one of this.sentinel.sentinels) {
      const fields = await this.#ask(one, "SENTINEL", "MASTER", PRIMARY_NAME);
      const replicas = await this.#ask(one, "SENTINEL", "REPLICAS", PRIMARY_NAME);
      if (!Array.isArray(fields) || !Array.isArray(replicas)) return "a sentinel does not answer";
      if (fields[fields.indexOf("port") + 1] !== String(this.sentinel.shownPort(primary)))
        return "a sentinel names another primary";
      if (fields[fields.indexOf("flags") + 1] !== "master") return "a sentinel is not content";
      const areGood = (replicas as string[][]).every(
        (fields) =>
          fields[fields.indexOf("flags") + 1] === "slave" &&
          fields[fields.indexOf("master-link-status") + 1] === "ok",
      );
      if (replicas.length !== REPLICAS || !areGood) return "a sentinel misses a replica";
    }
    return undefined;
  }

  async #must(server: RunningServer, ...command: string[]): Promise<ReplyValue> {
    const reply = await this.#ask(server, ...command);
    if (reply === LOST || reply instanceof ReplyError)
      throw new Error(`${command[0]} failed: ${String(reply)}`);
    return reply as ReplyValue;
  }

  /** Asks past the relays. @returns LOST if there is no answer in time */
  async #ask(server: RunningServer, ...command: string[]): Promise<Answer> {
    try {
      let connection = this.#connections.get(server);
      if (connection === undefined || connection.isClosed) {
        connection = await this.sentinel.client(server);
        this.#connections.set(server, connection);
      }
      const timer = setTimeout(() => connection.close(), ANSWER_WITHIN_MS);
      try {
        return await connection.ask(...command);
      } finally {
        clearTimeout(timer);
      }
    } catch (error) {
      const { code } = error as { code?: string };
      if (error instanceof ConnectionLost || code !== undefined) return LOST;
      throw error;
    }
  }
}

/** Tags of the only part. There are no hash slots, so all are in one. */
function tags(prefix: string, count: number): Tag[] {
  return Array.from({ length: count }, (_, index) => ({ part: 0, text: `${prefix}${index}`, slot: 0 }));
}
