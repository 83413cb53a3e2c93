/** Large values by TLS: clients, proxy and server all speak it. Its records are 16 kB, so every value is in many. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startServer } from "../src/server/start.ts";
import { Authority } from "./support/certificates.ts";
import { LocalProxy } from "./support/local-proxy.ts";
import { RespClient } from "./support/resp-client.ts";
import { bytesOf, expectSame, expectWhole } from "./support/versioned-bytes.ts";

const MEGABYTE = 1024 ** 2;
const PATIENT = { heartbeatMs: 30_000, heartbeatTimeoutMs: 60_000, originTimeoutMs: 60_000 };

let authority: Authority;

beforeAll(() => {
  authority = new Authority();
});
afterAll(() => authority[Symbol.dispose]());

/** Our server, a proxy in front of it, and TLS everywhere. */
async function secured(memoryBytes: number) {
  const tls = {
    settings: { identity: authority.issue("service"), authorities: undefined, clients: "off" },
    port: undefined,
  } as const;
  const server = await startServer({
    ...{ engine: "memory", dataDirectory: "", sync: "always", memoryBytes, tls },
    ...{ host: "127.0.0.1", port: 0 },
  });
  const proxy = await LocalProxy.ready({
    ...{ origin: `rediss://localhost:${server.port}`, memoryBytes, tls, ...PATIENT },
    originTls: { authorities: authority.certificate, isInsecure: false },
  });
  return {
    server,
    proxy,
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await server.close();
    },
  };
}

function clientOf(port: number): Promise<RespClient> {
  return RespClient.connect({
    ...{ host: "localhost", port, authorities: authority.certificate },
    decode: { text: false },
  });
}

describe("large values by TLS", () => {
  for (const size of [MEGABYTE, 64 * MEGABYTE]) {
    test(`of ${size / MEGABYTE} MB are whole at server and proxy, there and back, in the midst of others`, async () => {
      await using local = await secured(4 * size + 40 * MEGABYTE);
      using atServer = await clientOf(local.server.port);
      using atProxy = await clientOf(local.proxy.port);
      using other = await clientOf(local.proxy.port);
      const [first, second] = [bytesOf(size, 1), bytesOf(size, 2)];
      // To the server and back.
      await atServer.must("SET", "k", first);
      expectSame(await atServer.must("GET", "k"), first);
      // From the origin through the proxy, then from its cache.
      expectSame(await atProxy.must("GET", "k"), first);
      const hit = atProxy.must("GET", "k");
      expect(await other.ask("STRLEN", "k")).toBe(size);
      expectSame(await hit, first);
      expect(local.proxy.proxy.stats).toMatchObject({ hits: 1, misses: 1, fills: 1 });
      // Through the proxy to the origin, while another client reads.
      const write = atProxy.must("SET", "k", second);
      expectWhole((await other.must("GET", "k")) as Uint8Array);
      await write;
      expectSame(await other.must("GET", "k"), second);
      expectSame(await atServer.must("GET", "k"), second);
    }, 120_000);
  }

  test("a client that reads slowly gets all of it, and others are answered meanwhile", async () => {
    const size = 20 * MEGABYTE;
    await using local = await secured(4 * size);
    using writer = await clientOf(local.proxy.port);
    using other = await clientOf(local.proxy.port);
    const value = bytesOf(size, 3);
    await writer.must("SET", "k", value);
    await writer.must("GET", "k");
    await writer.must("SET", "small", "x");
    const head = `$${size}\r\n`.length;
    const pieces: Uint8Array[] = [];
    let missing = head + size + 2;
    const secure = Promise.withResolvers<void>();
    const ended = Promise.withResolvers<void>();
    const slow = await Bun.connect({
      ...{ hostname: "localhost", port: local.proxy.port, tls: { ca: authority.certificate } },
      socket: {
        handshake: () => secure.resolve(),
        data(_socket, data) {
          pieces.push(new Uint8Array(data));
          missing -= data.length;
          if (missing === 0) ended.resolve();
        },
      },
    });
    await secure.promise;
    // The reply fills the buffers of the system, and the proxy waits for this client alone.
    slow.write("*2\r\n$3\r\nGET\r\n$1\r\nk\r\n");
    slow.pause();
    for (let asked = 0; asked < 100; asked++) expect(await other.ask("STRLEN", "small")).toBe(1);
    expect(missing).toBeGreaterThan(0);
    slow.resume();
    await ended.promise;
    slow.terminate();
    expectSame(Buffer.concat(pieces).subarray(head, head + size), value);
  }, 120_000);
});
