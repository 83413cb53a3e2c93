import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { type RunningServer, startRedis } from "../../test/support/origins.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { until } from "../../test/support/until.ts";

const redis = requireProgram("redis-server");

/** The number of received characters to keep. */
const KEPT = 4096;
/** Values of a megabyte each, together more than all sockets in between can hold. */
const VALUES = 60;

/** A client made of a bare socket, with the last bytes that it has received. */
class RawClient implements Disposable {
  readonly #socket: Bun.Socket<undefined>;
  text = "";
  receivedBytes = 0;
  /** The file that answers SYNC has begun. */
  hasFile = false;
  /** The number of values that end in `x7.`. */
  readonly numbers = new Set<number>();
  isClosed = false;

  private constructor(socket: Bun.Socket<undefined>) {
    this.#socket = socket;
  }

  static async connect(port: number): Promise<RawClient> {
    let client: RawClient | undefined;
    const socket = await Bun.connect<undefined>({
      hostname: "127.0.0.1",
      port,
      socket: {
        data: (_socket, data) => {
          client!.receivedBytes += data.length;
          const text = client!.text + data.toString("latin1");
          client!.hasFile ||= text.includes("REDIS");
          for (const [, number] of text.matchAll(/x(\d+)\./g)) client!.numbers.add(Number(number));
          client!.text = text.slice(-KEPT);
        },
        close: () => {
          client!.isClosed = true;
        },
      },
    });
    client = new RawClient(socket);
    return client;
  }

  write(text: string): void {
    this.#socket.write(text);
  }

  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  [Symbol.dispose](): void {
    this.#socket.end();
  }
}

describe.skipIf(!redis.available)(redis.title("replication through the proxy"), () => {
  let origin: RunningServer;
  let local: LocalProxy;
  let direct: RespClient;

  beforeAll(async () => {
    origin = await startRedis({ args: ["--requirepass", "secret", "--repl-diskless-sync-delay", "0"] });
    local = await LocalProxy.ready({ origin: `redis://:secret@127.0.0.1:${origin.port}`, allowAdmin: true });
    direct = await RespClient.connect({ port: origin.port });
    await direct.must("AUTH", "secret");
  });
  afterAll(async () => {
    direct?.close();
    await local?.[Symbol.asyncDispose]();
    await origin?.[Symbol.asyncDispose]();
  });

  test("a Redis that replicates the proxy has what the origin has", async () => {
    await direct.must("SET", "before", "1");
    await using replica = await startRedis({ args: ["--replicaof", "127.0.0.1", String(local.port)] });
    using reader = await RespClient.connect({ port: replica.port });
    await until(async () => (await reader.ask("GET", "before")) === "1");
    const writer = await local.client();
    await writer.must("SET", "behind", "2");
    await until(async () => (await reader.ask("GET", "behind")) === "2");
    expect(String(await direct.must("INFO", "replication"))).toContain("connected_slaves:1");
    // Its acknowledgements arrive.
    expect(await direct.must("WAIT", "1", "5000")).toBe(1);
  });

  test("the stream begins behind earlier requests, and ends when the client disconnects", async () => {
    using client = await RawClient.connect(local.port);
    client.write("*3\r\n$3\r\nSET\r\n$1\r\na\r\n$1\r\n1\r\nSYNC\r\n");
    await until(async () => client.hasFile);
    expect(client.text).toStartWith("+OK\r\n");
    await direct.must("SET", "seen", "by the replica");
    await until(async () => client.text.includes("by the replica"));
    client[Symbol.dispose]();
    await until(async () => String(await direct.must("INFO", "replication")).includes("connected_slaves:0"));
  });

  test("a client that does not read makes the origin wait, and loses nothing", async () => {
    using client = await RawClient.connect(local.port);
    client.write("SYNC\r\n");
    await until(async () => client.hasFile);
    client.pause();
    const value = "x".repeat(1_000_000);
    for (let n = 0; n < VALUES; n++) await direct.must("SET", "large", `${value}${n}.`);
    const waiting = (): number =>
      Math.max(...[...local.proxy.registry].map((each) => each.waitingReplyBytes));
    await until(async () => waiting() > 500_000);
    expect(waiting()).toBeLessThan(20_000_000);
    client.resume();
    await until(async () => client.numbers.size === VALUES);
    expect(client.receivedBytes).toBeGreaterThan(VALUES * value.length);
  }, 20_000);

  test("the client's connection ends with the origin's", async () => {
    using client = await RawClient.connect(local.port);
    client.write("SYNC\r\n");
    await until(async () => client.hasFile);
    expect(await direct.must("CLIENT", "KILL", "TYPE", "replica")).toBe(1);
    await until(async () => client.isClosed);
  });

  test("it cannot be queued", async () => {
    const client = await local.client();
    await client.must("MULTI");
    expect(String(await client.ask("SYNC"))).toContain("--allow-admin");
    expect(await client.ask("EXEC")).toMatchObject({ code: "EXECABORT" });
  });
});
