/** A web page, in a real browser, sends requests of ours to the ports of the machine it is shown on. */
import { expect, test } from "bun:test";
import { join } from "node:path";
import { LocalProxy } from "../support/local-proxy.ts";
import { LocalServer } from "../support/local-server.ts";
import { type RunningServer, startRedis } from "../support/origins.ts";
import { TemporaryDirectory } from "../support/program.ts";
import { requireProgram } from "../support/requirements.ts";
import { RespClient } from "../support/resp-client.ts";

const chromium = requireProgram("chromium");
const redis = requireProgram("redis-server");
const PAGE = Bun.file(join(import.meta.dir, "browser-page.html"));
const FLAGS = [
  ..."--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking".split(" "),
  ..."--disable-component-update --disable-sync --disable-quic --disable-extensions --no-proxy-server".split(
    " ",
  ),
];

/** Has a browser show the page, until the page says that it is done. */
async function browse(flags: readonly string[], ports: readonly number[]): Promise<void> {
  using profile = new TemporaryDirectory();
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const site = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request) {
      if (new URL(request.url).pathname === "/done") resolve();
      return new Response(PAGE);
    },
  });
  const url = `http://127.0.0.1:${site.port}/#${ports.join(",")}`;
  const browser = Bun.spawn([chromium.path, ...FLAGS, ...flags, `--user-data-dir=${profile.path}`, url], {
    stdin: "ignore",
    stdout: "ignore",
    stderr: "ignore",
  });
  try {
    const ended = browser.exited.then((code) => {
      throw new Error(`the browser ended with ${code}`);
    });
    await Promise.race([done, ended]);
  } finally {
    browser.kill();
    await browser.exited;
    await site.stop(true);
  }
}

/** A port that keeps what comes, and hangs up: it shows that the page's requests do go out. */
function listenForBytes(): { readonly port: number; received(): string; stop(): void } {
  const chunks: Buffer[] = [];
  const listener = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, data) {
        chunks.push(Buffer.from(data));
        socket.end();
      },
    },
  });
  return {
    port: listener.port,
    received: () => Buffer.concat(chunks).toString("latin1"),
    stop: () => listener.stop(true),
  };
}

test.skipIf(!chromium.available || !redis.available).each([
  ["as it is", []],
  ["as behind a rebound name", ["--disable-web-security"]],
])(
  chromium.title(redis.title("a page changes nothing, in a browser %s")),
  async (_name, flags) => {
    await using origin: RunningServer = await startRedis();
    await using server = new LocalServer();
    await using respServer = new LocalServer({ respOnly: true });
    await using proxy = await LocalProxy.ready({ origin: origin.port });
    await using respProxy = await LocalProxy.ready({ origin: origin.port, respOnly: true });
    const ours = [server, respServer, proxy, respProxy];
    for (const { port } of ours) {
      using client = await RespClient.connect({ port });
      await client.must("SET", "kept", "yes");
    }
    const control = listenForBytes();
    await browse(flags, [control.port, ...ours.map(({ port }) => port)]);
    const seen = control.received();
    control.stop();
    expect(seen).toContain("POST / HTTP/1.1\r\nHost: 127.0.0.1");
    expect(seen).toContain("\r\nPUT browser=was-here\r\n");
    expect(seen.includes("FLUSHALL /browser=was-here HTTP/1.1")).toBe(flags.length > 0);
    for (const { port } of [...ours, origin]) {
      using client = await RespClient.connect({ port });
      expect(await client.must("KEYS", "*")).toEqual(["kept"]);
      expect(await client.must("GET", "kept")).toBe("yes");
    }
    expect(await proxy.logged(/it sent HTTP/)).toContain("closed the connection of 127.0.0.1:");
    expect(await proxy.logged(/TLS/)).toContain("it began with TLS");
  },
  120_000,
);
