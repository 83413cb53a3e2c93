import { afterEach, describe, expect, test } from "bun:test";
import { FakeOrigin, type FakeOriginOptions } from "../../../test/support/fake-origin.ts";
import { FakeSentinel, type Place } from "../../../test/support/fake-sentinel.ts";
import { awaited, until } from "../../../test/support/until.ts";
import { latin1 } from "../../lib/bytes.ts";
import { systemClock } from "../../lib/clock.ts";
import { writeCommand } from "../../protocol/request-writer.ts";
import { CallbackRequest } from "../callback-request.ts";
import type { ChannelOptions } from "../channel.ts";
import type { OriginNode } from "../origin-node.ts";
import type { UpstreamError } from "../upstream-error.ts";
import type { ConnectionKind } from "../upstream-request.ts";
import { MonitoredPrimary } from "./monitored-primary.ts";
import type { MonitoredAddress } from "./primary-search.ts";
import { SharedPrimary } from "./shared-primary.ts";

interface BenchOptions {
  readonly channel?: Partial<ChannelOptions>;
  readonly login?: MonitoredAddress["login"];
  readonly sentinelLogin?: MonitoredAddress["login"];
  /** The password of the primary, if it comes from a file. */
  readonly filePassword?: string;
  readonly sentinels?: FakeOriginOptions;
  readonly servers?: FakeOriginOptions;
}

/** Two servers, three sentinels that name the first of them, and an origin that knows the sentinels. */
class Bench implements Disposable {
  readonly servers: readonly FakeOrigin[];
  readonly sentinels: readonly FakeSentinel[];
  /** What the origins have told, in order, with the server's number. */
  readonly events: string[] = [];
  readonly problems: string[] = [];
  readonly memory = SharedPrimary.createMemory();
  readonly origin: MonitoredPrimary;
  readonly #options: BenchOptions;
  readonly #origins: MonitoredPrimary[] = [];

  constructor(options: BenchOptions = {}) {
    this.#options = options;
    this.servers = [0, 1].map(() => new FakeOrigin(options.servers));
    for (const server of this.servers) FakeSentinel.giveRole(server);
    this.sentinels = [0, 1, 2].map(() => new FakeSentinel("main", this.placeOf(0), options.sentinels));
    this.origin = this.open();
  }

  placeOf(server: number): Place {
    return { host: "127.0.0.1", port: this.servers[server]!.port };
  }

  /** Opens another thread's origin. */
  open(): MonitoredPrimary {
    const defaults = { connectTimeoutMs: 2000, timeoutMs: 2000, heartbeatMs: 1000, heartbeatTimeoutMs: 1000 };
    const rest = {
      clock: systemClock,
      trackingRetryMs: 10_000,
      pendingBytes: 10_000,
      random: { next: () => 0 },
    };
    const { channel, login = {}, sentinelLogin = {}, filePassword } = this.#options;
    const number = this.#origins.length;
    const prefix = number === 0 ? "" : `thread ${number}: `;
    const tell =
      (event: string) =>
      (node: OriginNode): void => {
        this.events.push(`${prefix}${this.numberOf(node)} ${event}`);
      };
    const origin = new MonitoredPrimary(
      {
        primaryName: "main",
        sentinels: this.sentinels.map(({ port }) => ({ ...sentinelLogin, host: "127.0.0.1", port })),
        login,
      },
      (address) => ({
        ...{ ...defaults, ...rest, ...channel },
        get address() {
          return filePassword === undefined ? address : { ...address, password: filePassword };
        },
      }),
      {
        invalidated: (node, bytes, start, end) => tell(`invalidated ${latin1(bytes, start, end)}`)(node),
        allInvalidated: tell("all invalidated"),
        proven: () => {},
        lost: tell("lost"),
        ready: tell("ready"),
        silent: tell("silent"),
        answers: tell("answers"),
        retired: tell("retired"),
        clustered: () => {},
        moved: (slots) => this.events.push(`${prefix}moved ${slots}`),
        unresolved: ({ message }) => this.problems.push(message),
      },
      this.memory,
    );
    this.#origins.push(origin);
    return origin;
  }

  numberOf({ name }: OriginNode): number {
    return this.servers.findIndex(({ port }) => name.endsWith(`:${port}`));
  }

  /** The number of the server that requests go to; −1: none is known. */
  get present(): number {
    const [node] = this.origin.nodes;
    return node === undefined ? -1 : this.numberOf(node);
  }

  /** Waits until the primary is known and connected. */
  async ready(): Promise<this> {
    await until(() => this.origin.linkStatus === "up");
    this.events.length = 0;
    return this;
  }

  /** Servers, or those of these numbers, change roles. */
  promote(server: number): void {
    for (const [index, each] of this.servers.entries()) {
      FakeSentinel.giveRole(each, index === server ? "master" : "slave");
    }
  }

  /** Sends a command, and lets it be redirected. */
  ask(command: readonly string[], kind: ConnectionKind = "main", origin = this.origin): Promise<string> {
    const node = origin.nodeOf();
    const isAlone = typeof kind === "object";
    const connection = isAlone ? node.single(kind.alone) : kind === "main" ? node.main() : node.side(kind);
    const reply = new Promise<string>((resolve) => {
      writeCommand(connection.out, command);
      connection.enqueue(
        new CallbackRequest(
          (bytes, start, end) => resolve(latin1(bytes, start, end)),
          (error: UpstreamError) => resolve(`failed: ${error.code} ${error.message}`),
          (to) => writeCommand(to.out, command),
          kind,
        ),
      );
    });
    return awaited(reply, () => `the reply to ${command.join(" ")}`);
  }

  [Symbol.dispose](): void {
    for (const origin of this.#origins) origin.close();
    for (const each of [...this.servers, ...this.sentinels]) each[Symbol.dispose]();
  }
}

const benches: Bench[] = [];
afterEach(() => {
  for (const bench of benches.splice(0)) bench[Symbol.dispose]();
});

function bench(options: BenchOptions = {}): Bench {
  const one = new Bench(options);
  benches.push(one);
  return one;
}

const opened = (options: BenchOptions = {}): Promise<Bench> => bench(options).ready();

describe("the primary", () => {
  test("is the one that the sentinels name, and has all keys", async () => {
    const { origin, servers } = await opened();
    expect(origin.nodes.map(({ name }) => name)).toEqual([`127.0.0.1:${servers[0]!.port}`]);
    expect(origin.hashSlotsOf()).toBeUndefined();
    expect([...origin.owners]).toEqual([0]);
    expect(origin.name).toStartWith('"main" of sentinels 127.0.0.1:');
  });

  test("is not known at first: requests fail, and say so", () => {
    const { origin } = bench();
    expect(origin.nodes).toEqual([]);
    expect(() => origin.nodeOf()).toThrow("nobody has told yet where");
    expect(origin.linkStatus).toBe("down");
    expect(origin.tracking).toBeUndefined();
    expect(origin.provenUntilMs).toBe(Number.POSITIVE_INFINITY);
  });

  test("may be named by a name", async () => {
    const one = bench();
    for (const sentinel of one.sentinels) sentinel.primary = { ...one.placeOf(0), host: "localhost" };
    await one.ready();
    expect(one.origin.nodes[0]!.name).toBe(`localhost:${one.servers[0]!.port}`);
  });

  test("may have an address of IPv6", async () => {
    const one = bench();
    for (const sentinel of one.sentinels) sentinel.primary = { host: "::1", port: one.servers[0]!.port };
    await until(() => one.problems.length > 0);
    expect(one.problems[0]).toContain(`the sentinels name [::1]:${one.servers[0]!.port}, which`);
  });

  test("has its credentials, and the sentinels have theirs", async () => {
    const one = await opened({
      servers: { user: "me", password: "of the primary" },
      sentinels: { user: "watcher", password: "of the sentinels" },
      login: { user: "me", password: "of the primary" },
      sentinelLogin: { user: "watcher", password: "of the sentinels" },
    });
    expect(await one.ask(["SET", "a", "1"])).toBe("+OK\r\n");
  });

  test("may have its password from a file, which the sentinels do not get", async () => {
    const one = await opened({
      servers: { password: "of the primary" },
      filePassword: "of the primary",
    });
    expect(await one.ask(["SET", "a", "1"])).toBe("+OK\r\n");
    const told = one.sentinels.flatMap(({ origin }) => origin.commands.flatMap(({ command }) => command));
    expect(told).toContain("SENTINEL");
    expect(told).not.toContain("of the primary");
  });
});

describe("a switch", () => {
  test("is followed at once, and told before anything is asked of the new primary", async () => {
    const one = await opened();
    let toldBefore: string[] | undefined;
    one.servers[1]!.script = ([name]) => {
      if (name === "GET") toldBefore = [...one.events];
      return undefined;
    };
    one.promote(1);
    for (const sentinel of one.sentinels) sentinel.switchTo(one.placeOf(1));
    await until(() => one.present === 1);
    await one.ask(["GET", "a"]);
    expect(toldBefore!.slice(0, 2)).toEqual(["0 lost", "0 retired"]);
    await until(() => one.servers[0]!.openConnections.length === 0);
  });

  test("closes connections of clients, and those that wait for a client", async () => {
    const one = await opened();
    const node = one.origin.nodeOf();
    let reason = "";
    const own = node.dedicated(3, { closed: ({ message }) => (reason = message) });
    const idle = node.dedicated(2, { closed: () => {} });
    writeCommand(idle.out, ["PING"]);
    await new Promise<void>((resolve) => idle.enqueue(new CallbackRequest(() => resolve())));
    node.giveBack(idle, 2);
    one.promote(1);
    for (const sentinel of one.sentinels) sentinel.switchTo(one.placeOf(1));
    await until(() => own.isClosed);
    expect(reason).toContain(`has been replaced: "main" is 127.0.0.1:${one.servers[1]!.port} now`);
    expect(idle.isClosed).toBe(true);
    expect(() => node.main()).toThrow("has been replaced");
    expect(() => node.dedicated(2, { closed: () => {} })).toThrow("has been replaced");
  });

  test("has outstanding reads sent again, and outstanding writes fail", async () => {
    const one = await opened();
    one.servers[0]!.script = ([name]) => (name === "GET" || name === "INCR" ? "" : undefined);
    one.servers[1]!.values.set("a", "new");
    const read = one.ask(["GET", "a"]);
    writeCommand(one.origin.nodeOf().main().out, ["INCR", "n"]);
    const write = new Promise<UpstreamError>((resolve) => {
      one.origin
        .nodeOf()
        .main()
        .enqueue(new CallbackRequest(() => {}, resolve));
    });
    await one.servers[0]!.received(1, "INCR");
    one.promote(1);
    for (const sentinel of one.sentinels) sentinel.switchTo(one.placeOf(1));
    expect(await read).toBe("$3\r\nnew\r\n");
    expect(await write).toMatchObject({ code: "ORIGINDOWN", maybeExecuted: true });
  });

  test("that only one sentinel knows of is not believed", async () => {
    const one = await opened();
    one.promote(1);
    one.sentinels[0]!.switchTo(one.placeOf(1));
    const asked = one.sentinels.map(({ origin }) => origin.count("SENTINEL", "master"));
    await one.sentinels[2]!.origin.received(asked[2]! + 1, "SENTINEL", "master");
    expect(one.present).toBe(0);
    one.sentinels[1]!.switchTo(one.placeOf(1));
    await until(() => one.present === 1);
  });

  test("of another primary is of no interest", async () => {
    const one = await opened();
    const asked = one.sentinels[0]!.origin.count("SENTINEL", "master");
    one.sentinels[0]!.publish("other 10.0.0.1 1 10.0.0.2 2");
    one.sentinels[0]!.publish("main 10.0.0.1 1 10.0.0.2 2");
    await one.sentinels[0]!.origin.received(asked + 1, "SENTINEL", "master");
    await one.ask(["PING"]);
    expect(one.sentinels[0]!.origin.count("SENTINEL", "master")).toBe(asked + 1);
  });

  test("to a server that is no primary yet is not believed before it is one", async () => {
    const one = await opened();
    FakeSentinel.giveRole(one.servers[1]!, "slave");
    for (const sentinel of one.sentinels) sentinel.switchTo(one.placeOf(1));
    await until(() => one.problems.length > 0);
    const port = one.servers[1]!.port;
    expect(one.problems).toEqual([
      `nobody tells for certain where "main" is: the sentinels name 127.0.0.1:${port}, which says that it is a slave`,
    ]);
    expect(one.present).toBe(0);
    one.promote(1);
    await until(() => one.present === 1);
  });

  test("is known to all threads as soon as one knows", async () => {
    const one = await opened();
    const other = one.open();
    await until(() => other.linkStatus === "up");
    const before = other.orderVersion;
    one.promote(1);
    one.events.length = 0;
    const former = other.nodeOf();
    expect(other.owns(former)).toBe(true);
    const { version } = new SharedPrimary(one.memory).read();
    // Another thread has learned of it.
    new SharedPrimary(one.memory).replace({ ...one.placeOf(1), configEpoch: 2 }, version);
    expect(other.orderVersion).toBeGreaterThan(before);
    expect(other.owns(former)).toBe(false);
    expect(one.numberOf(other.nodeOf())).toBe(1);
    expect(one.events).toEqual(["thread 1: 0 lost"]);
    expect(one.numberOf(one.origin.nodeOf())).toBe(1);
  });

  test("a thread that begins later drops everything before it asks", async () => {
    const one = await opened();
    one.events.length = 0;
    const other = one.open();
    expect(one.numberOf(other.nodeOf())).toBe(0);
    expect(one.events).toEqual(["thread 1: moved 0"]);
  });

  test("answers from before another thread's switch change nothing", async () => {
    const one = await opened();
    for (const { origin } of one.sentinels) origin.holdFrom("SENTINEL");
    const asked = one.sentinels[0]!.origin.count("SENTINEL", "master");
    one.sentinels[0]!.publish("main a 1 b 2");
    for (const { origin } of one.sentinels) for (const each of origin.connections) each.release();
    await one.sentinels[0]!.origin.received(asked + 1, "SENTINEL", "master");
    const shared = new SharedPrimary(one.memory);
    shared.replace({ ...one.placeOf(1), configEpoch: 2 }, shared.version);
    for (const sentinel of one.sentinels) {
      sentinel.primary = one.placeOf(1);
      sentinel.configEpoch = 2;
      sentinel.origin.releaseAll();
    }
    await until(() => one.origin.linkStatus === "up");
    expect(shared.read().primary).toEqual({ ...one.placeOf(1), configEpoch: 2 });
    expect(one.present).toBe(1);
  });
});

describe("a primary that was demoted", () => {
  test("is noticed by its heartbeat: everything is dropped, and it vouches for nothing", async () => {
    const one = await opened({ channel: { heartbeatMs: 5 } });
    const node = one.origin.nodeOf();
    await until(() => one.origin.provenUntilMs > systemClock.monotonicMs());
    const asked = one.sentinels[0]!.origin.count("SENTINEL", "master");
    FakeSentinel.giveRole(one.servers[0]!, "slave");
    await until(() => one.events.includes("0 all invalidated"));
    await one.sentinels[0]!.origin.received(asked + 1, "SENTINEL", "master");
    const beats = one.servers[0]!.count("ROLE");
    await one.servers[0]!.received(beats + 3, "ROLE");
    expect(one.origin.provenUntilMs).toBeLessThan(systemClock.monotonicMs());
    // It was for a moment only.
    FakeSentinel.giveRole(one.servers[0]!);
    await until(() => one.origin.provenUntilMs > systemClock.monotonicMs());
    expect(one.origin.nodeOf()).toBe(node);
    expect(one.events).toEqual(["0 all invalidated"]);
  });

  test.each<[string, ConnectionKind]>([
    ["main", "main"],
    ["RESP2", 2],
    ["RESP3", 3],
    ["alone", { alone: 2 }],
  ])("refuses a write, which the new one gets (%s)", async (_, kind) => {
    const one = await opened();
    one.promote(1);
    const reply = one.ask(["SET", "a", "1"], kind);
    await until(() => one.events.includes("0 all invalidated"));
    expect(one.origin.provenUntilMs).toBeLessThan(systemClock.monotonicMs());
    for (const sentinel of one.sentinels) sentinel.switchTo(one.placeOf(1));
    expect(await reply).toBe("+OK\r\n");
    expect(one.servers[0]!.values.get("a")).toBeUndefined();
    expect(one.servers[1]!.values.get("a")).toBe("1");
  });

  test("refuses a request that runs alone, which the new one gets in the same database", async () => {
    const one = await opened({ login: { database: 2 } });
    one.promote(1);
    const reply = one.ask(["SET", "a", "1"], { alone: 3 });
    await one.servers[0]!.received(1, "SET");
    for (const sentinel of one.sentinels) sentinel.switchTo(one.placeOf(1));
    expect(await reply).toBe("+OK\r\n");
    const { commands } = one.servers[1]!;
    const { connection } = commands.find(({ command }) => command[0] === "SET")!;
    const told = commands.filter((each) => each.connection === connection).map(({ command }) => command);
    expect(told).toContainEqual(["SELECT", "2"]);
  });

  test("refuses what cannot be put off: that is noticed, too", async () => {
    const one = await opened();
    FakeSentinel.giveRole(one.servers[0]!, "slave");
    const own = one.origin.nodeOf().dedicated(2, { closed: () => {} });
    writeCommand(own.out, ["SET", "a", "1"]);
    const reply = new Promise<string>((resolve) =>
      own.enqueue(new CallbackRequest((bytes, start, end) => resolve(latin1(bytes, start, end)))),
    );
    expect(await reply).toStartWith("-READONLY");
    expect(one.events).toEqual(["0 all invalidated"]);
  });

  test("refuses a write for as long as a reply may take: the client is told", async () => {
    const one = await opened({ channel: { timeoutMs: 60 } });
    const before = one.origin.orderVersion;
    FakeSentinel.giveRole(one.servers[0]!, "slave");
    expect(await one.ask(["SET", "a", "1"])).toStartWith("-READONLY You can't write");
    // In the meantime it is not asked: it may be replaced at any moment.
    expect(one.servers[0]!.count("SET")).toBe(2);
    expect(one.origin.orderVersion).toBeGreaterThan(before);
  });

  test("refuses a write, and is gone before there is a new one: the write waits", async () => {
    const one = await opened();
    FakeSentinel.giveRole(one.servers[0]!, "slave");
    const reply = one.ask(["SET", "a", "1"], 2);
    await one.servers[0]!.received(1, "SET");
    one.servers[0]!.goDown();
    await until(() => one.events.includes("0 lost"));
    one.promote(1);
    for (const sentinel of one.sentinels) sentinel.switchTo(one.placeOf(1));
    expect(await reply).toBe("+OK\r\n");
    expect(one.servers[1]!.values.get("a")).toBe("1");
  });

  test("a write that is put off fails when the proxy ends", async () => {
    const one = await opened();
    FakeSentinel.giveRole(one.servers[0]!, "slave");
    const reply = one.ask(["SET", "a", "1"]);
    await one.servers[0]!.received(1, "SET");
    await until(() => one.events.includes("0 all invalidated"));
    one.origin.close();
    expect(await reply).toMatch(/^failed: ORIGINDOWN/);
  });

  test("is noticed when it is connected with again", async () => {
    const one = await opened();
    one.servers[0]!.script = ([name]) =>
      name === "HELLO" ? "%1\r\n$4\r\nrole\r\n$7\r\nreplica\r\n" : undefined;
    one.servers[0]!.dropAll();
    await until(() => one.events.includes("0 all invalidated"));
    expect(one.events).toEqual(["0 lost", "0 ready", "0 all invalidated"]);
    expect(one.origin.provenUntilMs).toBeLessThan(systemClock.monotonicMs());
  });
});

describe("a primary that may have been replaced", () => {
  test("vouches for nothing after a silence until the sentinels have named it again", async () => {
    const one = await opened({ channel: { heartbeatMs: 5, heartbeatTimeoutMs: 40, timeoutMs: 60_000 } });
    const [server] = one.servers;
    server!.goSilent();
    await until(() => one.events.includes("0 silent"));
    for (const { origin } of one.sentinels) origin.goDown();
    server!.speakAgain();
    await until(() => one.events.includes("0 answers"));
    await until(() => one.problems.length > 0);
    await server!.received(server!.count("ROLE") + 3, "ROLE");
    expect(one.origin.provenUntilMs).toBeLessThan(systemClock.monotonicMs());
    for (const { origin } of one.sentinels) origin.comeBack();
    await until(() => one.origin.provenUntilMs > systemClock.monotonicMs());
    expect(one.present).toBe(0);
    // What was fetched before is still good: its invalidations come over the same connection.
    expect(one.events).toEqual(["0 silent", "0 answers"]);
  });

  test("vouches for nothing after a lost connection until the sentinels have named it again", async () => {
    const one = await opened({ channel: { heartbeatMs: 5 } });
    for (const { origin } of one.sentinels) origin.goDown();
    one.servers[0]!.dropAll();
    await until(() => one.events.includes("0 ready"));
    await one.servers[0]!.received(one.servers[0]!.count("ROLE") + 3, "ROLE");
    expect(one.origin.provenUntilMs).toBeLessThan(systemClock.monotonicMs());
    for (const { origin } of one.sentinels) origin.comeBack();
    await until(() => one.origin.provenUntilMs > systemClock.monotonicMs());
  });
});

describe("sentinels", () => {
  test("that are lost are connected with again, and may have missed nothing meanwhile", async () => {
    const one = await opened();
    for (const { origin } of one.sentinels) origin.goDown();
    one.promote(1);
    // Nobody hears of it.
    for (const sentinel of one.sentinels) sentinel.switchTo(one.placeOf(1));
    for (const { origin } of one.sentinels) origin.comeBack();
    await until(() => one.present === 1);
  });

  test("one that is stalled does not delay the others", async () => {
    const one = await opened();
    one.sentinels[0]!.origin.goSilent();
    one.promote(1);
    const beganMs = performance.now();
    for (const sentinel of one.sentinels.slice(1)) sentinel.switchTo(one.placeOf(1));
    await until(() => one.present === 1);
    // A stalled one is given up after a second.
    expect(performance.now() - beganMs).toBeLessThan(900);
  });

  test("a minority that is behind cannot bring an old primary back", async () => {
    const one = await opened();
    for (const sentinel of one.sentinels.slice(1)) sentinel.switchTo(one.placeOf(1));
    await until(() => one.present === 1);
    // The old primary still takes itself for one, and so does its sentinel.
    for (const { origin } of one.sentinels.slice(1)) origin.goDown();
    one.sentinels[0]!.publish("main a 1 b 2");
    await until(() => one.problems.length > 0);
    expect(one.problems[0]).toContain("only 1 of 3 sentinels answer, with an older configuration; ");
    expect(one.present).toBe(1);
  });

  test("that do not answer are told of, and the primary is served from as before", async () => {
    const one = await opened({ channel: { heartbeatMs: 5 } });
    for (const { origin } of one.sentinels) origin.goDown();
    one.servers[0]!.dropAll();
    await until(() => one.problems.length > 0);
    expect(one.problems[0]).toMatch(
      /^nobody tells for certain where "main" is: no sentinel answers; .*sentinel 127\.0\.0\.1:\d+ was lost/,
    );
    await until(() => one.origin.linkStatus === "up");
    expect(await one.ask(["SET", "a", "1"])).toBe("+OK\r\n");
  });

  test.each([
    [
      "is not a sentinel",
      { script: ([name]) => (name === "SENTINEL" ? "-ERR unknown command 'SENTINEL'\r\n" : undefined) },
      "is not a sentinel: ERR unknown command 'SENTINEL'",
    ],
    [
      "may not be asked",
      { script: ([name]) => (name === "SENTINEL" ? "-NOPERM no permissions\r\n" : undefined) },
      "does not tell the primary: NOPERM no permissions",
    ],
    [
      "may not be listened to",
      { script: ([name]) => (name === "SUBSCRIBE" ? "-NOPERM no channel\r\n" : undefined) },
      "refused SUBSCRIBE +switch-master: NOPERM no channel",
    ],
    ["knows no RESP3", { hello: "unknown" }, "does not speak RESP3: ERR unknown command `HELLO`"],
    ["asks for a password", { password: "secret" }, "refused the credentials: NOAUTH"],
    [
      "answers nonsense",
      { script: ([name]) => (name === "SENTINEL" ? "*2\r\n$1\r\na\r\n$1\r\nb\r\n" : undefined) },
      "in a form that is not understood",
    ],
  ] satisfies [string, FakeOriginOptions, string][])("one that %s", async (_, sentinels, problem) => {
    const one = bench({ sentinels });
    await until(() => one.problems.some((text) => text.includes(problem)));
    expect(one.origin.nodes).toEqual([]);
    expect(() => one.origin.nodeOf()).toThrow(
      'nobody tells for certain where "main" is: no sentinel answers; ',
    );
    expect(one.problems.join()).not.toContain("secret");
  });

  test("that do not know the name", async () => {
    const one = bench();
    for (const sentinel of one.sentinels) sentinel.primary = undefined;
    await until(() => one.problems.length > 0);
    expect(one.problems[0]).toContain(`127.0.0.1:${one.sentinels[0]!.port} does not know "main"`);
  });

  test("that disagree", async () => {
    const one = bench();
    for (const sentinel of one.sentinels.slice(1)) sentinel.primary = one.placeOf(1);
    one.sentinels[2]!.primary = undefined;
    await until(() => one.problems.length > 0);
    expect(one.problems.at(-1)).toMatch(/: the sentinels disagree: 127\.0\.0\.1:\d+ says 127\.0\.0\.1:\d+, /);
    expect(one.present).toBe(-1);
  });
});

test("an origin that is closed leaves no connections", async () => {
  const one = await opened();
  one.origin.close();
  const all = [...one.servers, ...one.sentinels.map(({ origin }) => origin)];
  await until(() => all.every(({ openConnections }) => openConnections.length === 0));
});
