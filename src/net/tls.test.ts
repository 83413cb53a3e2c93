/** Ports with TLS: who is let in, what is refused and how, and certificates that change. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { ByteClient } from "../../test/support/byte-client.ts";
import { Authority, type IssuedIdentity } from "../../test/support/certificates.ts";
import { ScriptedService, type ScriptedServiceOptions } from "../../test/support/scripted-service.ts";
import { until } from "../../test/support/until.ts";
import { ManualClock } from "../lib/clock.ts";
import { ManualTimers } from "../lib/timers.ts";
import type { ClientCertificates } from "../lib/tls.ts";

const ECHO = "*2\r\n$4\r\nECHO\r\n$1\r\na\r\n";
const REPLY = "$1\r\na\r\n";
const NOT_CERTIFIED = /^-DENIED this port requires a client certificate/;

let authority: Authority;
let stranger: Authority;
let server: IssuedIdentity;
let client: IssuedIdentity;
let foreign: IssuedIdentity;

beforeAll(() => {
  authority = new Authority();
  stranger = new Authority("Somebody else");
  server = authority.issue("server");
  client = authority.issue("client");
  foreign = stranger.issue("client");
});

afterAll(() => {
  authority[Symbol.dispose]();
  stranger[Symbol.dispose]();
});

function secured(
  clients: ClientCertificates,
  options: ScriptedServiceOptions = {},
  port?: number,
): ScriptedService {
  const authorities = clients === "off" ? undefined : authority.certificate;
  return new ScriptedService({
    ...options,
    tls: { settings: { identity: server, authorities, clients }, port },
  });
}

async function connect(port: number, identity?: IssuedIdentity): Promise<ByteClient> {
  return ByteClient.connectTls(port, {
    ca: authority.certificate,
    ...(identity && { cert: identity.certificate, key: identity.key }),
  });
}

/** What a client is told that asks for something. */
async function answer(port: number, identity?: IssuedIdentity): Promise<string> {
  using bytes = await connect(port, identity);
  bytes.send(ECHO);
  return await bytes.bytes(REPLY.length);
}

describe("a port with TLS", () => {
  test("serves a client, and lets it half-close", async () => {
    using service = secured("off");
    using bytes = await connect(service.port);
    bytes.send(ECHO);
    bytes.end();
    expect(await bytes.rest()).toBe(REPLY);
    expect(service.listener.tlsPort).toBe(service.port);
  });

  test("carries large replies and pipelines whole", async () => {
    using service = secured("off");
    using bytes = await connect(service.port);
    bytes.send("*2\r\n$3\r\nBIG\r\n$7\r\n5000000\r\n".repeat(3) + ECHO.repeat(5000));
    const received = await bytes.bytes(3 * (5_000_000 + 12) + 5000 * REPLY.length);
    expect(received.endsWith(REPLY.repeat(5000))).toBe(true);
  });

  test.each([
    ["require", "of the authority", true],
    ["require", "foreign", false],
    ["require", "none", false],
    ["optional", "of the authority", true],
    ["optional", "foreign", false],
    ["optional", "none", true],
    ["off", "foreign", true],
    ["off", "none", true],
  ] as const)(
    "client certificates: %s; the client shows: %s; it is served: %p",
    async (clients, shown, isServed) => {
      const messages: string[] = [];
      const log = {
        info() {},
        error() {},
        warn: (text: object | string) => void messages.push(String(text)),
      };
      using service = secured(clients, { log });
      const identity = shown === "foreign" ? foreign : shown === "none" ? undefined : client;
      const told = await answer(service.port, identity);
      expect(told).toMatch(isServed ? /^\$1\r\na/ : NOT_CERTIFIED);
      expect(service.executed).toEqual(isServed ? ["ECHO"] : []);
      expect(messages.length).toBe(isServed ? 0 : 1);
      if (!isServed) expect(messages[0]).toContain("it showed no certificate that --tls-ca vouches for");
    },
  );

  test("an expired client certificate is refused", async () => {
    using service = secured("require");
    const expired = authority.issue("client", { days: -1 });
    expect(await answer(service.port, expired)).toMatch(NOT_CERTIFIED);
  });

  test("a client without TLS is closed, with the reason in the log", async () => {
    const messages: string[] = [];
    const log = { info() {}, error() {}, warn: (text: object | string) => void messages.push(String(text)) };
    using service = secured("off", { log });
    using plain = await ByteClient.connect(service.port);
    plain.send("PING\r\n");
    // The alert of TLS, and the end.
    expect((await plain.rest()).charCodeAt(0)).toBe(21);
    expect(messages).toEqual([
      expect.stringMatching(
        /^the TLS handshake with 127\.0\.0\.1:\d+ failed: the client does not speak TLS$/,
      ),
    ]);
    expect(service.connections).toEqual([]);
  });

  test("beside a plain one, both serve", async () => {
    using service = secured("off", {}, 0);
    expect(service.listener.tlsPort).not.toBe(service.port);
    using plain = await ByteClient.connect(service.port);
    plain.send(ECHO);
    expect(await plain.bytes(REPLY.length)).toBe(REPLY);
    expect(await answer(service.listener.tlsPort!)).toBe(REPLY);
  });

  test("that is taken is an error that names its flag, and opens nothing", async () => {
    using other = new ScriptedService();
    expect(() => secured("off", {}, other.port)).toThrow(
      `cannot listen on 127.0.0.1:${other.port}: the port is in use by another program; choose another with --tls-port`,
    );
  });

  test("cuts off clients that do not complete their handshake in time", async () => {
    const [clock, timers] = [new ManualClock(), new ManualTimers()];
    const advance = (ms: number): void => {
      clock.advance(ms);
      timers.advance(ms);
    };
    using service = secured("off", { timers, clock, limits: { tlsHandshakeMs: 5000 } });
    using silent = await ByteClient.connect(service.port);
    using waiting = await connect(service.port);
    // The server's handshake ends after the client's.
    await until(() => service.connections.length === 1);
    advance(4900);
    expect(silent.hasEnded).toBe(false);
    advance(200);
    expect(await silent.rest()).toBe("");
    waiting.send(ECHO);
    expect(await waiting.bytes(REPLY.length)).toBe(REPLY);
  });

  test("counts clients in their handshake among the connections", async () => {
    using service = secured("off", { limits: { connections: 2 } });
    using first = await ByteClient.connect(service.port);
    using second = await ByteClient.connect(service.port);
    using third = await ByteClient.connect(service.port);
    expect(await third.rest()).toBe("");
    expect(service.registry.rejectedCount).toBe(1);
    first.close();
    second.close();
    await until(async () => {
      using next = await connect(service.port).catch(() => undefined as never);
      if (next === undefined) return false;
      next.send(ECHO);
      return (await next.bytes(REPLY.length)) === REPLY;
    });
  });

  test("changes its certificate without losing a connection", async () => {
    using service = secured("off");
    using before = await connect(service.port);
    const port = service.port;
    using renewing = new Authority("Its successor");
    const identity = renewing.issue("server");
    service.listener.replaceTls({ identity, authorities: undefined, clients: "off" });
    expect(service.port).toBe(port);
    await expect(connect(port)).rejects.toThrow();
    using after = await ByteClient.connectTls(port, { ca: renewing.certificate });
    for (const bytes of [before, after]) {
      bytes.send(ECHO);
      expect(await bytes.bytes(REPLY.length)).toBe(REPLY);
    }
  });
});
