/** Clients of other protocols: HTTP, as web pages have browsers send it, and TLS. */
import { describe, expect, test } from "bun:test";
import { ByteClient } from "../../test/support/byte-client.ts";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { LocalProxy } from "../../test/support/local-proxy.ts";
import { LocalServer } from "../../test/support/local-server.ts";
import { ManualClock } from "../lib/clock.ts";
import { type Log, silentLog } from "../lib/log.ts";
import { ForeignClients } from "./foreign-clients.ts";

interface Port {
  readonly port: number;
  /** Keys that are stored behind it. */
  keys(): number;
  messages(): string[];
}

/** A log that keeps warnings. */
function keeping(messages: string[]): Log {
  return { ...silentLog, warn: (text: string | object) => messages.push(String(text)) };
}

/** Runs a test against a server and a proxy, with either setting of --protocol, with and without a password. */
async function eachPort(run: (port: Port) => Promise<void>, password?: string): Promise<void> {
  for (const respOnly of [false, true]) {
    const messages: string[] = [];
    const secret = password === undefined ? {} : { password };
    await using server = new LocalServer({ respOnly, log: keeping(messages), ...secret });
    await run({ port: server.port, keys: () => server.engine.size(), messages: () => messages });
    using origin = new FakeOrigin();
    await using proxy = await LocalProxy.ready({ origin: origin.port, respOnly, ...secret });
    await run({
      port: proxy.port,
      keys: () => origin.values.size,
      messages: () => proxy.messages.filter(({ level }) => level === "warn").map(({ message }) => message),
    });
  }
}

const PUT = "PUT browser=was-here\n";
const SET = "*3\r\n$3\r\nSET\r\n$7\r\nbrowser\r\n$4\r\nhere\r\nSET browser here\r\n";

describe("nothing behind a line of HTTP is executed, and the client gets no reply", () => {
  test.each([
    `POST / HTTP/1.1\r\nHost: localhost:8080\r\nContent-Length: 24\r\n\r\n\r\n${PUT}${SET}`,
    `\n\r\nPOST / HTTP/1.1\n\n${SET}`,
    `OPTIONS * HTTP/1.1\r\n\r\n${PUT}`,
    `PUT /k=v HTTP/1.1\r\nX: 1\r\n\r\n${PUT}`,
    `SET /k HTTP/1.1\r\n\r\n${PUT}${SET}`,
    `GET / HTTP/1.1\r\n\r\n${PUT}${SET}`,
    `Host: localhost\r\n${PUT}${SET}`,
    `*1\r\n$4\r\nPOST\r\n${SET}`,
    `*2\r\n$5\r\nHost:\r\n$1\r\na\r\n${SET}`,
    `\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n${PUT}${SET}`,
  ])("%j", async (sent) => {
    await eachPort(async ({ port, keys, messages }) => {
      using whole = await ByteClient.connect(port);
      whole.send(sent);
      expect(await whole.rest()).toBe("");
      using pieces = await ByteClient.connect(port);
      for (let at = 0; at < sent.length && !pieces.hasEnded; at += 3) {
        pieces.send(sent.slice(at, at + 3));
        await Bun.sleep(0);
      }
      expect(await pieces.rest()).toBe("");
      expect(keys()).toBe(0);
      expect(messages().filter((message) => /^closed the connection of 127/.test(message)).length).toBe(2);
    });
  });

  test("behind the password and other requests, whose replies are sent", async () => {
    await eachPort(async ({ port, keys }) => {
      using client = await ByteClient.connect(port);
      client.send(`AUTH secret\r\nPING\r\nPOST / HTTP/1.1\r\n${SET}`);
      expect(await client.rest()).toBe("+OK\r\n+PONG\r\n");
      expect(keys()).toBe(0);
    }, "secret");
  });

  test("without a line feed", async () => {
    await using server = new LocalServer();
    for (const sent of ["POST / HTTP/1.1", "PUT /k=v HTTP/1.1"]) {
      using client = await ByteClient.connect(server.port);
      client.send(sent);
      expect(await client.rest()).toBe("");
    }
    expect(server.engine.size()).toBe(0);
  });
});

test("the operator is told of ten a minute of each kind, and of how many there were besides", () => {
  const clock = new ManualClock();
  const messages: string[] = [];
  const clients = new ForeignClients(keeping(messages), clock);
  for (let i = 0; i < 15; i++) clients.closed("HTTP", `127.0.0.1:${i}`);
  clients.closed("TLS", "127.0.0.1:99");
  expect(messages.length).toBe(11);
  expect(messages[9]).toStartWith("closed the connection of 127.0.0.1:9: it sent HTTP; a web page may");
  expect(messages[10]).toBe(
    "closed the connection of 127.0.0.1:99: it began with TLS, which this port does not speak",
  );
  clock.advance(60_000);
  clients.closed("HTTP", "127.0.0.1:20");
  expect(messages[11]).toEndWith("; 5 others were closed for the same reason and not logged");
});
