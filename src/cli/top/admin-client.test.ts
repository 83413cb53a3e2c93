/** Reads from a real admin port, and from ports that are none. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { createServer, type Server } from "node:net";
import { AdminFixture } from "../../admin/admin-fixture.ts";
import { ManualClock } from "../../lib/clock.ts";
import { FailedError } from "../exit.ts";
import { AdminClient, type AdminClientOptions, PasswordRefused } from "./admin-client.ts";
import { NoAnswer, type Wanted } from "./readings.ts";

const NOTHING: Wanted = { whatIf: false, hot: [], families: false };

let admin: AdminFixture;
beforeAll(() => {
  admin = new AdminFixture();
});
afterAll(() => admin[Symbol.asyncDispose]());

function client(port: number, options: Partial<AdminClientOptions> = {}): AdminClient {
  const address = `127.0.0.1:${port}`;
  return new AdminClient({
    user: "",
    address,
    password: undefined,
    timeoutMs: 5000,
    clock: new ManualClock(),
    ...options,
  });
}

async function failure(port: number, options: Partial<AdminClientOptions> = {}): Promise<Error> {
  try {
    await client(port, options).read(NOTHING);
  } catch (error) {
    return error as Error;
  }
  throw new Error("it did not fail");
}

/** A port that answers everything that it receives with the same bytes, and closes. */
async function answering(bytes: string) {
  const server: Server = createServer((socket) => {
    socket.on("error", () => {});
    socket.on("data", () => socket.end(bytes));
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    port: (server.address() as { port: number }).port,
    [Symbol.dispose]: () => server.close(),
  };
}

describe("an admin port", () => {
  test("tells what the screen needs, and no more", async () => {
    admin.view.calls.length = 0;
    const readings = await client(admin.server.port).read(NOTHING);
    expect(readings.counters.metrics[0]!.name).toBe("glasscache_requests_total");
    expect(readings.health.ready).toBe(true);
    expect(readings.settings).toEqual([{ name: "policy", value: "s3-fifo", changeable: true }]);
    expect(readings).not.toContainAnyKeys(["whatIf", "families", "biography"]);
    expect(admin.view.calls.filter((call) => /hot|families|whatIf/.test(call))).toEqual([]);
  });

  test("tells all of it", async () => {
    const wanted: Wanted = { whatIf: true, hot: ["rate", "size"], families: true };
    const readings = await client(admin.server.port).read(wanted);
    expect(readings.whatIf?.present.policy).toBe("s3-fifo");
    expect(Object.keys(readings.hot)).toEqual(["rate", "size"]);
    expect(readings.families?.families[0]?.name).toBe("user:*");
    for (const asked of ["user:1/é?&", "..", "%00"]) {
      const { biography } = await client(admin.server.port).read({ ...NOTHING, biography: asked });
      expect(biography?.asked).toBe(asked);
      expect(biography?.report.key).toEqual({ base64: Buffer.from(asked).toString("base64") });
    }
  });

  test("nothing is simulated, and nothing is well", async () => {
    await using other = new AdminFixture();
    other.view.simulated = undefined;
    other.view.report = { alive: false, ready: false, problems: ["A thread is stuck."] };
    const readings = await client(other.server.port).read({ ...NOTHING, whatIf: true });
    expect(readings.whatIf).toBeNull();
    expect(readings.health.problems).toEqual(["A thread is stuck."]);
  });

  test("is asked for the long history every ten seconds", async () => {
    const clock = new ManualClock();
    const reader = client(admin.server.port, { clock });
    admin.view.calls.length = 0;
    const histories = () =>
      admin.view.calls.filter((call) => call.startsWith("history") && call.endsWith(" 10000")).length;
    await reader.read(NOTHING);
    clock.advance(9999);
    await reader.read(NOTHING);
    expect(histories()).toBe(1);
    clock.advance(1);
    await reader.read(NOTHING);
    expect(histories()).toBe(2);
  });
});

describe("a password", () => {
  test("of any characters is accepted; a missing and a wrong one are told apart", async () => {
    await using guarded = new AdminFixture({ password: "pässwörd:漢" });
    const { port } = guarded.server;
    const readings = await client(port, { password: "pässwörd:漢" }).read(NOTHING);
    expect(readings.counters.service).toBe("proxy");
    const missing = await failure(port);
    expect(missing).toBeInstanceOf(PasswordRefused);
    expect(missing.message).toBe(`127.0.0.1:${port} requires a password`);
    expect((await failure(port, { password: "wrong" })).message).toBe(
      `127.0.0.1:${port} does not accept the password`,
    );
  });

  test("was wrong too often", async () => {
    await using guarded = new AdminFixture({ password: "right" });
    let last = await failure(guarded.server.port, { password: "wrong" });
    for (let tries = 0; tries < 11; tries++) last = await failure(guarded.server.port, { password: "wrong" });
    expect(last).toBeInstanceOf(FailedError);
    expect(last.message).toStartWith(`127.0.0.1:${guarded.server.port} answers with status 429: `);
  });
});

describe("what is no admin port", () => {
  test("Redis's protocol", async () => {
    using redis = await answering(
      "-ERR unknown command 'GET', with args beginning with: '/api/counters'\r\n",
    );
    const error = await failure(redis.port);
    expect(error).toBeInstanceOf(FailedError);
    expect(error.message).toBe(
      `127.0.0.1:${redis.port} does not speak HTTP; if it is the port of clients, give the admin port, ` +
        "localhost:8081 unless --admin says otherwise",
    );
  });

  test("a port that closes", async () => {
    using closing = await answering("");
    expect((await failure(closing.port)).message).toContain("does not speak HTTP");
  });

  test.each([
    "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nno!",
    "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>",
    "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nnull",
    "HTTP/1.1 302 Found\r\nLocation: http://elsewhere/\r\nContent-Length: 0\r\n\r\n",
  ])("another web server: %j", async (response) => {
    using other = await answering(response);
    const error = await failure(other.port);
    expect(error).toBeInstanceOf(FailedError);
    expect(error.message).toBe(
      `127.0.0.1:${other.port} answers, but is not the admin port of a Glasscache; ` +
        "a proxy's is localhost:8081 unless --admin says otherwise",
    );
  });

  test("nothing at all may pass", async () => {
    using closed = await answering("");
    const { port } = closed;
    closed[Symbol.dispose]();
    const error = await failure(port);
    expect(error).toBeInstanceOf(NoAnswer);
    expect(error.message).toBe(`nothing listens on 127.0.0.1:${port}`);
  });

  test("silence may pass, too", async () => {
    const error = await failure(1, {
      timeoutMs: 1,
      fetch: (_, { signal }) =>
        new Promise((_resolve, reject) => signal!.addEventListener("abort", () => reject(signal!.reason))),
    });
    expect(error).toBeInstanceOf(NoAnswer);
    expect(error.message).toBe("127.0.0.1:1 does not answer in time");
  });
});

test("once it has answered, a lost connection and an error of its own may pass", async () => {
  let answer: () => Promise<Response> = () => Promise.reject(new Error("not yet"));
  await using other = new AdminFixture();
  const reader = client(other.server.port, {
    fetch: (url, init) => (isBroken ? answer() : fetch(url, init)),
  });
  let isBroken = false;
  await reader.read(NOTHING);
  isBroken = true;
  answer = () => Promise.reject(Object.assign(new Error("reset\x1b"), { code: "ECONNRESET" }));
  expect(reader.read(NOTHING)).rejects.toThrow(
    new NoAnswer(`connection to 127.0.0.1:${other.server.port} lost: ECONNRESET`),
  );
  answer = () => Promise.resolve(new Response('{"error":"a bug\\u001b"}', { status: 500 }));
  expect(reader.read(NOTHING)).rejects.toThrow("answers with status 500: a bug\\x1b");
});
