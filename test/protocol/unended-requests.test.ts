/** Text requests without their line feed, whole, in pieces and from senders that die: at the server and the proxy. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { DEFAULT_LIMITS } from "../../src/net/limits.ts";
import { ByteClient } from "../support/byte-client.ts";
import { LocalProxy } from "../support/local-proxy.ts";
import { LocalServer } from "../support/local-server.ts";
import { RespClient } from "../support/resp-client.ts";
import { until } from "../support/until.ts";

/** Longer than a busy machine takes between two pieces. */
const SILENCE_MS = 500;
const LIMITS = { ...DEFAULT_LIMITS, textSilenceMs: SILENCE_MS, textWriteSilenceMs: SILENCE_MS };

/** An address of this machine that is not its loopback. */
const elsewhere = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

describe.each(["the server", "the proxy"])("%s", (name) => {
  let server: LocalServer;
  let proxy: LocalProxy | undefined;
  let port: number;
  let stored: RespClient;
  const backend = name === "the proxy" ? "{Backend Server} : " : "";

  beforeAll(async () => {
    server = new LocalServer({ host: "0.0.0.0", limits: LIMITS });
    if (name === "the proxy")
      proxy = await LocalProxy.ready({ origin: server.port, host: "0.0.0.0", limits: LIMITS });
    port = proxy?.port ?? server.port;
    stored = await RespClient.connect({ port: server.port });
  });
  afterAll(async () => {
    stored.close();
    await proxy?.[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });

  const received = () => (proxy?.proxy.registry ?? server.server.registry).bytesReceived;

  /** Sends pieces, each when the one before has been received. */
  async function sendInPieces(client: ByteClient, ...pieces: string[]): Promise<void> {
    for (const piece of pieces) {
      const before = received();
      client.send(piece);
      await until(() => received() >= before + piece.length);
    }
  }

  test("executes a PUT and a DELETE in pieces whole, or not at all", async () => {
    await stored.must("MSET", "k", "old", "key", "kept");
    using put = await ByteClient.connect(port);
    await sendInPieces(put, "PUT long=first ", "half, second ", "half");
    expect(await put.rest()).toBe(`${backend}OK`);
    expect(await stored.must("GET", "long")).toBe("first half, second half");
    using del = await ByteClient.connect(port);
    await sendInPieces(del, "DELETE k", "ey");
    expect(await del.rest()).toBe(`${backend}OK`);
    expect(await stored.must("MGET", "k", "key")).toEqual(["old", null]);
  });

  test("stores nothing of a sender that dies", async () => {
    await stored.must("SET", "gone", "kept");
    for (const pieces of [["PUT died=a", " b"], ["DELETE go", "ne"], ["PUT x=1\nPUT died=a"]]) {
      using client = await ByteClient.connect(port);
      await sendInPieces(client, ...pieces);
      client.reset();
      await client.closed;
    }
    // A silence that begins later ends later: those of the dead would be over.
    using living = await ByteClient.connect(port);
    living.send("GET gone");
    expect(await living.rest()).toEndWith("kept");
    expect(await stored.must("MGET", "died", "gone")).toEqual([null, "kept"]);
  });

  test.skipIf(elsewhere === undefined)("refuses a write in pieces from elsewhere, and says why", async () => {
    for (const sent of [["PUT far=a", "b"], ["DELETE k", "ey"], [`PUT far=${"v".repeat(2000)}`]]) {
      using client = await ByteClient.connect(port, elsewhere!);
      await sendInPieces(client, ...sent);
      client.end();
      expect(await client.rest()).toBe(
        "ERROR request without a line feed at its end: nothing was done; end a request with a line feed\n",
      );
    }
    expect(await stored.must("MGET", "far", "k")).toEqual([null, "old"]);
    using whole = await ByteClient.connect(port, elsewhere!);
    whole.send("PUT far=ab");
    expect(await whole.rest()).toBe(`${backend}OK`);
  });

  test("answers a blank request, and only once it is over", async () => {
    using client = await ByteClient.connect(port);
    client.send("  ");
    expect(await client.rest()).toStartWith("ERROR empty request; ");
  });
});
