/** Who may ask what, through real sockets. */
import { describe, expect, test } from "bun:test";
import { AdminFixture, basic } from "./admin-fixture.ts";
import { ROUTES } from "./routes.ts";

const PASSWORD = "pässword:with colon";
const PROTECTED = ROUTES.filter(({ access }) => access !== "open").map(({ path }) => path);

async function errorOf(response: Response): Promise<[number, string]> {
  return [response.status, ((await response.json()) as { error: string }).error];
}

describe("the password", () => {
  test("is needed for everything but probes and logging in", async () => {
    await using admin = new AdminFixture({ password: PASSWORD });
    for (const path of [...PROTECTED, "/nothing", "/api/nothing", "/api/keys/a"]) {
      const response = await admin.get(path);
      expect([path, ...(await errorOf(response))]).toEqual([path, 401, expect.stringContaining("password")]);
      expect(response.headers.get("www-authenticate")).toStartWith("Basic ");
    }
    for (const path of ["/api/watch", "/api/settings", "/api/what-if/reset"]) {
      expect((await admin.send("POST", path, {})).status).toBe(401);
    }
    expect(admin.view.calls).toEqual([]);
    for (const path of ["/", "/api/watch", "/metrics", "/api/keys/a"]) {
      expect([path, (await admin.get(path, basic(PASSWORD))).status]).toEqual([path, 200]);
      expect((await admin.get(path, basic(PASSWORD, "anybody"))).status).toBe(200);
    }
  });

  test("that is wrong is refused", async () => {
    await using admin = new AdminFixture({ password: PASSWORD, limits: { guesses: 1_000 } });
    const headers = [
      ...[basic(""), basic(`${PASSWORD} `), basic(PASSWORD.slice(0, -1)), basic(PASSWORD.toUpperCase())],
      { authorization: `Basic ${Buffer.from(PASSWORD.replace(":", "")).toString("base64")}` },
      ...["Basic", "Basic !", `Bearer ${PASSWORD}`, ""].map((authorization) => ({ authorization })),
      ...[
        "glasscache=1",
        `glasscache-${admin.server.port}=`,
        `glasscache-${admin.server.port}=${"0".repeat(32)}`,
      ].map((cookie) => ({ cookie })),
    ];
    for (const header of headers) expect((await admin.get("/api/watch", header)).status).toBe(401);
  });

  test("is asked for on loopback too, and metrics are open only where a setting says so", async () => {
    await using admin = new AdminFixture({ password: PASSWORD, openMetrics: true });
    expect((await admin.get("/metrics")).status).toBe(200);
    expect((await admin.get("/api/counters")).status).toBe(401);
  });

  test("gets the names in a health report, and without it there is a word", async () => {
    await using admin = new AdminFixture({ password: PASSWORD });
    admin.view.report = { alive: true, ready: false, problems: ["db.internal:6379 is down."] };
    const accept = { accept: "application/json" };
    for (const headers of [accept, { ...accept, cookie: "a=b" }]) {
      const response = await admin.get("/ready", headers);
      expect([response.status, await response.text()]).toEqual([503, "unready\n"]);
    }
    const told = await admin.get("/ready", { ...accept, ...basic(PASSWORD) });
    expect([told.status, await told.json()]).toEqual([503, { service: "proxy", ...admin.view.report }]);
    expect((await admin.get("/ready", { ...accept, ...basic("x") })).status).toBe(401);
    expect((await admin.get("/ready", basic("x"))).status).toBe(503);
  });

  test("cannot be guessed fast", async () => {
    await using admin = new AdminFixture({ password: PASSWORD, limits: { guesses: 5, guessPauseMs: 2_000 } });
    for (let i = 0; i < 5; i++) expect((await admin.get("/api/watch", basic(`${i}`))).status).toBe(401);
    const refused = await admin.get("/api/watch", basic(PASSWORD));
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([429, "2"]);
    expect((await admin.send("POST", "/login", { password: PASSWORD })).status).toBe(429);
    expect((await admin.get("/health")).status).toBe(200);
    admin.advance(2_000);
    expect((await admin.get("/api/watch", basic(PASSWORD))).status).toBe(200);
    expect((await admin.get("/api/watch", basic("x"))).status).toBe(401);
    expect((await admin.get("/api/watch", basic(PASSWORD))).status).toBe(429);
  });

  test("makes a browser ask, but not for a page's script", async () => {
    await using admin = new AdminFixture({ password: PASSWORD });
    const challenge = async (headers: Record<string, string>): Promise<string | null> =>
      (await admin.get("/api/watch", headers)).headers.get("www-authenticate");
    expect(await challenge({ "sec-fetch-mode": "navigate" })).toContain("Basic");
    expect(await challenge({ "sec-fetch-mode": "cors", "sec-fetch-site": "same-origin" })).toBeNull();
  });
});

describe("a session", () => {
  test("is opened with the password, and ended", async () => {
    await using admin = new AdminFixture({ password: PASSWORD });
    expect((await admin.send("POST", "/login", { password: "x" })).status).toBe(401);
    const response = await admin.send("POST", "/login", { password: PASSWORD });
    expect([response.status, await response.json()]).toEqual([200, { expiresAfterMs: 43_200_000 }]);
    const set = response.headers.get("set-cookie")!;
    expect(set).toMatch(/^glasscache-\d+=[0-9a-f]{32}; HttpOnly; SameSite=Strict; Path=\/; Max-Age=43200$/);
    const cookie = { cookie: `other=1; ${set.split(";")[0]}` };
    expect((await admin.get("/api/watch", cookie)).status).toBe(200);
    const ended = await admin.send("POST", "/logout", {}, cookie);
    expect([ended.status, ended.headers.get("set-cookie")]).toEqual([
      200,
      expect.stringContaining("Max-Age=0"),
    ]);
    expect((await admin.get("/api/watch", cookie)).status).toBe(401);
  });

  test("expires, and too many of them end the oldest", async () => {
    await using admin = new AdminFixture({ password: PASSWORD, limits: { sessions: 2, sessionMs: 60_000 } });
    const open = async (): Promise<{ cookie: string }> => {
      const response = await admin.send("POST", "/login", { password: PASSWORD });
      return { cookie: response.headers.get("set-cookie")!.split(";")[0]! };
    };
    const cookies = [await open(), await open(), await open()];
    const statuses = (): Promise<number[]> =>
      Promise.all(cookies.map(async (cookie) => (await admin.get("/api/watch", cookie)).status));
    expect(await statuses()).toEqual([401, 200, 200]);
    admin.advance(60_000);
    expect(await statuses()).toEqual([401, 401, 401]);
  });

  test("goes on while another program guesses", async () => {
    await using admin = new AdminFixture({ password: PASSWORD, limits: { guesses: 1 } });
    const opened = await admin.send("POST", "/login", { password: PASSWORD });
    const cookie = { cookie: opened.headers.get("set-cookie")!.split(";")[0]! };
    for (const status of [401, 429]) expect((await admin.get("/api/watch", basic("x"))).status).toBe(status);
    expect((await admin.get("/api/watch", cookie)).status).toBe(200);
  });

  test("needs a password to be opened", async () => {
    await using admin = new AdminFixture();
    expect(await errorOf(await admin.send("POST", "/login", { password: "x" }))).toEqual([
      400,
      "there is no password, so there is nothing to log in to",
    ]);
  });
});

describe("pages of other sites", () => {
  test("cannot reach it by a name of their own (rebinding)", async () => {
    await using admin = new AdminFixture({ adminHosts: ["cache.example"] });
    const { port } = admin.server;
    for (const path of [...PROTECTED, "/health", "/login"]) {
      for (const host of ["evil.example", `evil.example:${port}`, "", "127.0.0.1\r\nHost: evil.example"]) {
        const answer = await admin.raw(`GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
        expect([path, host, answer.slice(0, 12)]).toEqual([path, host, "HTTP/1.1 421"]);
        expect(answer).toContain("--admin-hosts");
      }
    }
    for (const host of [`localhost:${port}`, "[::1]", "cache.example:80"]) {
      const answer = await admin.raw(`GET /health HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`);
      expect([host, answer.slice(0, 12)]).toEqual([host, "HTTP/1.1 200"]);
    }
    const absolute =
      "GET http://localhost/health HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n";
    expect(await admin.raw(absolute)).toStartWith("HTTP/1.1 421");
  });

  test("cannot change anything, with the user's password or without", async () => {
    await using admin = new AdminFixture({ password: PASSWORD });
    const { port } = admin.server;
    const change = (headers: Record<string, string>): Promise<Response> =>
      admin.send(
        "POST",
        "/api/settings",
        { name: "policy", value: "lru" },
        { ...basic(PASSWORD), ...headers },
      );
    const foreign = [
      "http://evil.example",
      "null",
      "http://127.0.0.1",
      `http://localhost:${port}`,
      "",
      "file://",
    ];
    for (const origin of foreign) {
      expect([origin, ...(await errorOf(await change({ origin })))]).toEqual([
        origin,
        403,
        "a page of another origin may not use this port",
      ]);
    }
    expect((await change({ "sec-fetch-site": "same-site" })).status).toBe(403);
    expect(admin.view.calls).toEqual([]);
    expect((await change({ origin: admin.url, "sec-fetch-site": "same-origin" })).status).toBe(200);
    expect((await change({})).status).toBe(200);
  });

  test("cannot send a form", async () => {
    await using admin = new AdminFixture();
    for (const type of [
      "text/plain",
      "application/x-www-form-urlencoded",
      "multipart/form-data",
      "application/jsonx",
      "",
    ]) {
      for (const [method, path] of [
        ["POST", "/api/settings"],
        ["POST", "/api/what-if/reset"],
        ["DELETE", "/api/watch"],
        ["POST", "/logout"],
      ] as const) {
        const headers = { "content-type": type };
        const response = await fetch(admin.url + path, {
          method,
          headers,
          body: '{"name":"policy","value":"x"}',
        });
        expect([type, path, response.status]).toEqual([type, path, 415]);
      }
    }
    expect(admin.view.calls).toEqual([]);
    const charset = { "content-type": "Application/JSON; charset=utf-8" };
    expect((await admin.send("POST", "/api/watch", { pattern: "a" }, charset)).status).toBe(200);
  });

  test("cannot take up streams or show it in a frame, but can link to it", async () => {
    await using admin = new AdminFixture();
    const status = async (headers: Record<string, string>, path = "/api/stream"): Promise<number> =>
      (await admin.get(path, headers)).status;
    expect(await status({ origin: "http://evil.example" })).toBe(403);
    expect(await status({ "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors" })).toBe(403);
    const navigation = { "sec-fetch-site": "cross-site", "sec-fetch-mode": "navigate" };
    expect(await status({ ...navigation, "sec-fetch-dest": "iframe" }, "/")).toBe(403);
    expect(await status({ ...navigation, "sec-fetch-dest": "document" }, "/")).toBe(200);
    expect(admin.server.streamCount).toBe(0);
  });
});

test("every response has the headers that protect it", async () => {
  await using admin = new AdminFixture({ password: PASSWORD });
  const responses = [
    await admin.get("/", basic(PASSWORD)),
    await admin.get("/health"),
    await admin.get("/metrics", basic(PASSWORD)),
    await admin.get("/api/counters", basic(PASSWORD)),
    await admin.get("/api/counters"),
    await admin.get("/nothing", basic(PASSWORD)),
    await admin.send("POST", "/login", { password: PASSWORD }),
    await fetch(admin.url, { method: "PUT", headers: basic(PASSWORD) }),
  ];
  for (const { headers } of responses) {
    expect(headers.get("content-security-policy")).toContain("default-src 'none'");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("x-content-type-options")).toBe("nosniff");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(headers.get("referrer-policy")).toBe("no-referrer");
    expect(headers.get("x-frame-options")).toBe("DENY");
    expect(headers.get("access-control-allow-origin")).toBeNull();
  }
});

describe("sizes", () => {
  test("of URLs, headers and bodies are bounded", async () => {
    await using admin = new AdminFixture();
    const path = (length: number): string =>
      `/api/keys/${"a".repeat(length - admin.url.length - "/api/keys/".length)}`;
    expect((await admin.get(path(8_192))).status).toBe(200);
    expect(await errorOf(await admin.get(path(8_193)))).toEqual([414, "the URL is longer than 8192 bytes"]);
    expect((await admin.get("/health", { x: "a".repeat(20_000) })).status).toBe(431);
    const pattern = (length: number): unknown => ({ pattern: "a".repeat(length - '{"pattern":""}'.length) });
    expect((await admin.send("POST", "/api/watch", pattern(65_536))).status).toBe(200);
    expect((await admin.send("POST", "/api/watch", pattern(65_537))).status).toBe(413);
    const chunked = `POST /api/watch HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n11000\r\n${" ".repeat(0x11000)}\r\n0\r\n\r\n`;
    expect(await admin.raw(chunked)).toStartWith("HTTP/1.1 413");
    expect(admin.view.patterns).toHaveLength(1);
  });

  test("half a request ends", async () => {
    await using admin = new AdminFixture({ limits: { idleTimeoutS: 1 } });
    expect(await admin.raw("GET /health HTTP/1.1\r\nHost: loc")).not.toContain("alive");
    expect(admin.view.calls).toEqual([]);
  }, 30_000);

  test("a body that never comes ends", async () => {
    await using admin = new AdminFixture({ limits: { idleTimeoutS: 60 } });
    const head =
      "POST /api/watch HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Type: application/json\r\n";
    const answer = admin.raw(`${head}Content-Length: 100\r\n\r\n{"pattern":`);
    while (admin.timers.count === 0) await Bun.sleep(1);
    admin.advance(10_000);
    expect(await answer).toMatch(/^HTTP\/1\.1 408 .*the body did not arrive within 10000 ms/s);
  });
});
