/** Origins that are reached by TLS: a Redis that wants a certificate of the proxy, and our own server. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { Authority, type IssuedIdentity } from "../../test/support/certificates.ts";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { type RunningServer, startSecureRedis } from "../../test/support/origins.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import type { ClientTls } from "../lib/tls.ts";
import { startServer } from "../server/start.ts";

const redis = requireProgram("redis-server");

let authority: Authority;
let stranger: Authority;
let server: IssuedIdentity;
let client: IssuedIdentity;

beforeAll(() => {
  authority = new Authority();
  stranger = new Authority("Somebody else");
  server = authority.issue("server");
  client = authority.issue("proxy");
});

afterAll(() => {
  authority[Symbol.dispose]();
  stranger[Symbol.dispose]();
});

/** Our server with TLS that shows this identity. */
async function ourServer(identity: IssuedIdentity) {
  const running = await startServer({
    ...{ engine: "memory", dataDirectory: "", sync: "always", memoryBytes: 64 * 1024 ** 2 },
    ...{ host: "127.0.0.1", port: 0 },
    tls: { settings: { identity, authorities: undefined, clients: "off" }, port: undefined },
  });
  return { port: running.port, [Symbol.asyncDispose]: () => running.close() };
}

function proxyTo(port: number, originTls: ClientTls): Promise<LocalProxy> {
  return LocalProxy.start({
    ...{ origin: `rediss://localhost:${port}`, originTls, memoryBytes: 64 * 1024 ** 2 },
    ...{ originConnectTimeoutMs: 500 },
  });
}

/** Two proxies, one of which learns by invalidations what the other one writes. */
async function expectCoherent(port: number, originTls: ClientTls): Promise<void> {
  await using reading = await proxyTo(port, originTls);
  await using writing = await proxyTo(port, originTls);
  await reading.logged(/^connected to origin .*, which sends invalidations/);
  const [reader, writer] = [await reading.client(), await writing.client()];
  await writer.must("SET", "key", "1");
  expect(await reader.must("GET", "key")).toBe("1");
  expect(await reader.must("GET", "key")).toBe("1");
  expect(reading.proxy.stats.hits).toBe(1);
  await writer.must("SET", "key", "2");
  // The origin pushes before it answers the writer; the reader's channel has it soon.
  while ((await reader.must("GET", "key")) !== "2");
  const large = "v".repeat(20_000_000);
  await writer.must("SET", "large", large);
  expect((await reader.must("GET", "large")) === large).toBe(true);
  expect((await reader.must("GET", "large")) === large).toBe(true);
  const many = await Promise.all(Array.from({ length: 500 }, (_, i) => writer.must("SET", `k${i}`, `${i}`)));
  expect(new Set(many)).toEqual(new Set(["OK"]));
  const keys = Array.from({ length: 500 }, (_, i) => `k${i}`);
  expect(await reader.must("MGET", ...keys)).toEqual(keys.map((key) => key.slice(1)));
}

describe("an origin behind TLS", () => {
  test.skipIf(!redis.available)(
    redis.title("Redis with client certificates keeps its promises"),
    async () => {
      await using origin: RunningServer = await startSecureRedis({
        identity: server,
        authorities: authority.path,
      });
      await expectCoherent(origin.port, {
        ...{ identity: client, authorities: authority.certificate, isInsecure: false },
      });
    },
  );

  test.skipIf(!redis.available)(redis.title("that wants a certificate says so in words"), async () => {
    await using origin = await startSecureRedis({ identity: server, authorities: authority.path });
    await using local = await proxyTo(origin.port, {
      authorities: authority.certificate,
      isInsecure: false,
    });
    await local.logged(/it requires a certificate of the proxy; --origin-cert and --origin-key name one/);
    await using foreign = await proxyTo(origin.port, {
      identity: stranger.issue("proxy"),
      authorities: authority.certificate,
      isInsecure: false,
    });
    await foreign.logged(/it refuses the certificate in --origin-cert/);
  });

  test("our own server keeps its promises", async () => {
    await using origin = await ourServer(server);
    await expectCoherent(origin.port, { authorities: authority.certificate, isInsecure: false });
  });

  test("any certificate will do where that is wanted", async () => {
    await using origin = await ourServer(stranger.issue("server", { names: "DNS:elsewhere" }));
    await expectCoherent(origin.port, { isInsecure: true });
  });

  test("its name may be another one than its host", async () => {
    await using origin = await ourServer(authority.issue("server", { names: "DNS:cache.example" }));
    const tls = { authorities: authority.certificate, isInsecure: false };
    await using local = await proxyTo(origin.port, { ...tls, serverName: "cache.example" });
    await local.logged(/^connected to origin/);
    await using wrong = await proxyTo(origin.port, tls);
    await wrong.logged(/its certificate is for other names; --origin-server-name says which one to expect/);
    const asking = await wrong.client();
    expect(String(await asking.ask("GET", "key"))).toContain("ORIGINDOWN");
  });

  test("certificates that nobody vouches for, or that have expired, are refused", async () => {
    await using origin = await ourServer(server);
    await using unknown = await proxyTo(origin.port, { isInsecure: false });
    await unknown.logged(
      /no authority that the system trusts vouches for its certificate; --origin-ca names others/,
    );
    await using others = await proxyTo(origin.port, { authorities: stranger.certificate, isInsecure: false });
    await others.logged(/no authority in --origin-ca vouches for its certificate/);
    await using old = await ourServer(authority.issue("server", { days: -1 }));
    await using expired = await proxyTo(old.port, { authorities: authority.certificate, isInsecure: false });
    await expired.logged(/its certificate has expired/);
  });

  test("one without TLS is told apart, and so is TLS where none was expected", async () => {
    using plain = new FakeOrigin();
    plain.goSilent();
    await using local = await proxyTo(plain.port, { isInsecure: true });
    await local.logged(/sent nothing for 500 ms; if it does not speak TLS, give it as redis:\/\//);
    await using origin = await ourServer(server);
    await using unaware = await LocalProxy.start({ origin: origin.port });
    await unaware.logged(/it speaks TLS on this port; give it as rediss:\/\//);
  });
});
