/** Every endpoint over a fake view, through real sockets. */
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { HOT_BY } from "../instruments/view.ts";
import { AdminFixture, basic, DASHBOARD, PLAYGROUND } from "./admin-fixture.ts";
import { exposition } from "./exposition.ts";
import { AdminListenError } from "./http-listener.ts";
import { ROUTES } from "./routes.ts";
import { AdminServer } from "./server.ts";

let admin: AdminFixture;
beforeEach(() => {
  admin = new AdminFixture();
});
afterEach(() => admin[Symbol.asyncDispose]());

async function json(path: string): Promise<unknown> {
  const response = await admin.get(path);
  expect([path, response.status]).toEqual([path, 200]);
  expect(response.headers.get("content-type")).toBe("application/json; charset=utf-8");
  return response.json();
}

async function problem(response: Response): Promise<[number, string]> {
  const body = (await response.json()) as { error: string };
  expect(Object.keys(body)).toEqual(["error"]);
  return [response.status, body.error];
}

describe("reports", () => {
  test("are the view's, as they are", async () => {
    const { view, clock } = admin;
    const nowMs = clock.wallMs();
    expect(await json("/api/counters")).toEqual({ atMs: nowMs, service: "proxy", metrics: view.told });
    expect(await json("/api/history")).toMatchObject({ fromMs: nowMs - 600_000, stepMs: 1_000 });
    expect(await json("/api/history?from=-7200000&step=10000")).toEqual(
      view.history(nowMs - 7_200_000, 10_000),
    );
    expect(await json(`/api/history?from=${nowMs - 5}&step=60000`)).toMatchObject({ fromMs: nowMs - 5 });
    expect(await json("/api/hot")).toEqual(view.hotKeys("rate", 20));
    for (const by of HOT_BY) expect(await json(`/api/hot?by=${by}&count=3`)).toMatchObject({ by });
    expect(view.calls).toContain("hotKeys origin-time 3");
    expect(await json("/api/families")).toEqual(view.families(50));
    await json("/api/families?count=1000");
    expect(view.calls.at(-1)).toBe("families 1000");
    expect(await json("/api/queues")).toEqual(JSON.parse(JSON.stringify(view.shown)));
    await json("/api/queues?shard=1");
    expect(view.calls.at(-1)).toBe("queues 1");
    expect(await json("/api/what-if")).toEqual(view.simulated);
    expect(await json("/api/channels")).toEqual(view.links);
    expect(await json("/api/clients?count=7")).toEqual(view.connected);
    expect(view.calls.at(-1)).toBe("clients 7");
    expect(await json("/api/slow-requests?count=7")).toEqual(view.slow);
    expect(view.calls.at(-1)).toBe("slowRequests 7");
    expect(await json("/api/settings")).toEqual({ settings: view.settings() });
    expect(await json("/api/watch")).toEqual({ limit: 3, patterns: [] });
  });

  test("of a key take its name in any bytes", async () => {
    const asked = async (path: string): Promise<string | undefined> => {
      await json(path);
      return admin.view.calls.at(-1);
    };
    const hex = (text: string): string => `biography ${Buffer.from(text).toString("hex")}`;
    expect(await asked("/api/keys/user:1")).toBe(hex("user:1"));
    expect(await asked("/api/keys/a/b%2Fc+d%3F%25")).toBe(hex("a/b/c+d?%"));
    expect(await asked("/api/keys/%ff%00")).toBe("biography ff00");
    expect(await asked("/api/keys/b%C3%A4r")).toBe(hex("bär"));
    expect(await asked("/api/keys/")).toBe(hex(""));
    expect(await asked("/api/keys/Li4=?encoding=base64")).toBe(hex(".."));
    expect(await asked("/api/keys/_-8?encoding=base64")).toBe("biography ffef");
    expect(await asked("/api/keys/%2B%2f8%3D?encoding=base64")).toBe("biography fbff");
    expect(await json("/api/keys/a")).toEqual(
      JSON.parse(JSON.stringify(admin.view.biography(Buffer.from("a")))),
    );
  });

  test("without a cache or what-if are a clear 404", async () => {
    admin.view.simulated = undefined;
    admin.view.shown = undefined;
    expect(await problem(await admin.get("/api/queues"))).toEqual([404, expect.stringContaining("no cache")]);
    expect(await problem(await admin.get("/api/what-if"))).toEqual([
      404,
      expect.stringContaining("simulated"),
    ]);
  });
});

test("channels, clients and slow requests of a service that tells them elsewhere are a clear 404", async () => {
  admin.view.links = undefined;
  expect((await admin.get("/api/channels")).status).toBe(404);
  admin.view.connected = undefined;
  expect(await problem(await admin.get("/api/clients"))).toEqual([
    404,
    expect.stringContaining("CLIENT LIST"),
  ]);
  admin.view.slow = undefined;
  expect(await problem(await admin.get("/api/slow-requests"))).toEqual([
    404,
    expect.stringContaining("SLOWLOG"),
  ]);
});

describe("changes", () => {
  test("of what is watched", async () => {
    const watching = await admin.send("POST", "/api/watch", { pattern: "user:*" });
    expect([watching.status, await watching.json()]).toEqual([
      200,
      { limit: 3, patterns: [{ pattern: "user:*", isGlob: true, events: 0 }] },
    ]);
    const gone = await admin.send("DELETE", "/api/watch", { pattern: "user:*" });
    expect(await gone.json()).toEqual({ limit: 3, patterns: [] });
  });

  test("noted as a mark, whose text is bounded", async () => {
    const marked = await admin.send("POST", "/api/marks", { text: "deployment 1234" });
    expect([marked.status, await marked.json(), admin.view.calls.at(-1)]).toEqual([
      200,
      {},
      "mark deployment 1234",
    ]);
    const long = await admin.send("POST", "/api/marks", { text: "x".repeat(201) });
    expect(await problem(long)).toEqual([400, "the text of a mark has 201 characters, and 200 are the most"]);
    expect((await admin.send("POST", "/api/marks", { text: " " })).status).toBe(400);
  });

  test("of settings and of the simulation", async () => {
    const changed = await admin.send("POST", "/api/settings", { name: "policy", value: "lru" });
    expect([changed.status, await changed.json()]).toEqual([
      200,
      { settings: [{ name: "policy", value: "lru", changeable: true }] },
    ]);
    const reset = await admin.send("POST", "/api/what-if/reset", {});
    expect([reset.status, await reset.json(), admin.view.calls.at(-1)]).toEqual([200, {}, "resetWhatIf"]);
    const type = { "content-type": "application/json" };
    expect((await fetch(`${admin.url}/api/what-if/reset`, { method: "POST", headers: type })).status).toBe(
      200,
    );
  });

  test("that the view refuses are the client's mistake", async () => {
    const refused = await admin.send("POST", "/api/settings", { name: "polcy", value: "lru" });
    expect(await problem(refused)).toEqual([400, "there is no setting polcy"]);
    for (const pattern of ["a", "b", "c"]) await admin.send("POST", "/api/watch", { pattern });
    const tooMany = await admin.send("POST", "/api/watch", { pattern: "d" });
    expect(await problem(tooMany)).toEqual([400, "3 patterns are watched, which is the limit"]);
  });
});

describe("mistakes are told in a sentence", () => {
  test.each([
    ["/api/hot?by=colour", 'unknown by "colour"'],
    ["/api/hot?by=mises", "did you mean misses?"],
    ["/api/hot?count=0", "count must be a whole number from 1 to 1000"],
    ["/api/hot?count=1001", 'is "1001"'],
    ["/api/hot?count=", 'is ""'],
    ["/api/hot?count=1e2", "whole number"],
    ["/api/hot?cout=3", "did you mean count?"],
    ["/api/hot?count=3&count=4", "count is there twice"],
    ["/api/families?count=x", "whole number"],
    ["/api/queues?shard=65536", "shard must be a whole number from 0 to 65535"],
    ["/api/queues?shard=2", "shard must be from 0 to 1"],
    ["/api/counters?a=1", 'there are no parameters here, and one is "a"'],
    ["/api/history?step=999", "step must be"],
    ["/api/history?from=now", "from must be"],
    ["/api/history?from=-172800000&step=1000", "use a step of 44000 ms or more"],
    ["/api/history?from=0", "the most"],
    ["/api/keys/%zz", "two hexadecimal digits"],
    ["/api/keys/a%2", "two hexadecimal digits"],
    ["/api/keys/a?encoding=hex", 'unknown encoding "hex"'],
    ["/api/keys/%ff?encoding=base64", "not base64"],
    ["/api/keys/abcde?encoding=base64", "not base64"],
  ])("%s", async (path, message) => {
    expect(await problem(await admin.get(path))).toEqual([400, expect.stringContaining(message)]);
  });

  test.each([
    [[], "must be a JSON object"],
    [null, "must be a JSON object"],
    [{}, '"name" must be a text'],
    [{ name: "policy", value: 1 }, '"value" must be a text'],
    [{ name: "policy", valeu: "lru" }, "did you mean value?"],
    [{ name: "policy", value: "lru", more: 1 }, 'unknown member "more"'],
  ])("a body of %j", async (body, message) => {
    const response = await admin.send("POST", "/api/settings", body);
    expect(await problem(response)).toEqual([400, expect.stringContaining(message)]);
    expect(admin.view.calls).toEqual([]);
  });

  test("a body that is no JSON", async () => {
    const headers = { "content-type": "application/json" };
    const response = await fetch(`${admin.url}/api/watch`, { method: "POST", headers, body: "{" });
    expect(await problem(response)).toEqual([400, "the body is not JSON"]);
  });

  test("the longest step that is refused, and the shortest that is not", async () => {
    expect((await admin.get("/api/history?from=-4000000&step=1000")).status).toBe(200);
    expect((await admin.get("/api/history?from=-4000001&step=1000")).status).toBe(400);
  });

  test("a view that fails is the program's fault, and no details are told", async () => {
    admin.view.failure = new TypeError("secret");
    expect(await problem(await admin.get("/api/families"))).toEqual([500, "this failed; the log says why"]);
  });

  test("unknown paths", async () => {
    for (const path of ["/api/", "/api/keys", "/favicon.ico", "//evil.example/", "/metrics/"]) {
      expect([path, (await admin.get(path)).status]).toEqual([path, 404]);
    }
  });
});

describe("methods", () => {
  test("other than a route's own are refused with those it has", async () => {
    for (const { path, methods } of ROUTES) {
      for (const method of ["GET", "POST", "DELETE", "PUT", "PATCH", "OPTIONS"]) {
        if (Object.hasOwn(methods, method)) continue;
        const response = await fetch(admin.url + path, { method });
        expect([path, method, response.status]).toEqual([path, method, 405]);
        const allowed = Object.keys(methods).flatMap((known) =>
          known === "GET" ? ["GET", "HEAD"] : [known],
        );
        expect(response.headers.get("allow")).toBe(allowed.join(", "));
      }
    }
  });

  test("HEAD has the headers of GET", async () => {
    for (const path of ["/", "/metrics", "/api/counters", "/api/stream"]) {
      const response = await fetch(admin.url + path, { method: "HEAD" });
      expect([path, response.status, await response.text()]).toEqual([path, 200, ""]);
    }
    expect(admin.server.streamCount).toBe(0);
  });
});

describe("probes", () => {
  test("answer one word, and the report as JSON", async () => {
    for (const [path, word] of [
      ["/health", "alive"],
      ["/ready", "ready"],
    ] as const) {
      const response = await admin.get(path);
      expect([response.status, await response.text()]).toEqual([200, `${word}\n`]);
      const told = await admin.get(path, { accept: "text/html, application/json;q=0.9" });
      expect(await told.json()).toEqual({ service: "proxy", ...admin.view.report });
    }
  });

  test("have a status that says no", async () => {
    admin.view.report = { alive: true, ready: false, problems: ["The origin is down; start it."] };
    const answers = async (): Promise<unknown[]> => {
      const responses = [await admin.get("/health"), await admin.get("/ready?probe=1")];
      return Promise.all(responses.flatMap((response) => [response.status, response.text()]));
    };
    expect(await answers()).toEqual([200, "alive\n", 503, "unready\n"]);
    admin.view.report = { alive: false, ready: false, problems: [] };
    expect(await answers()).toEqual([503, "stuck\n", 503, "unready\n"]);
  });

  test("work for HTTP/1.0 without a name", async () => {
    expect(await admin.raw("GET /health HTTP/1.0\r\n\r\n")).toMatch(/^HTTP\/1\.1 200 OK\r\n.*alive\n$/s);
  });

  test("metrics are Prometheus's text", async () => {
    const response = await admin.get("/metrics");
    expect(response.headers.get("content-type")).toBe("text/plain; version=0.0.4; charset=utf-8");
    expect(await response.text()).toBe(exposition(admin.view.told));
  });
});

test("the list of endpoints has all of them, no scripts, and loads nothing", async () => {
  const response = await admin.get("/api");
  const html = await response.text();
  expect(response.headers.get("content-type")).toBe("text/html; charset=utf-8");
  for (const { path, summary } of ROUTES) {
    expect(html).toContain(path);
    expect(html).toContain(summary.replaceAll('"', "&#34;"));
  }
  expect(html).not.toMatch(/<script|<img|<link|src=|https?:|onclick/i);
  const style = /<style>(.*)<\/style>/s.exec(html)![1]!;
  const hash = new Bun.CryptoHasher("sha256").update(style).digest("base64");
  expect(response.headers.get("content-security-policy")).toContain(`style-src 'sha256-${hash}'`);
});

describe("the dashboard", () => {
  test("may run its own script and style, and nothing else", async () => {
    const response = await admin.get("/");
    expect(await response.text()).toBe(DASHBOARD.html);
    const policy = response.headers.get("content-security-policy");
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain(`script-src 'self' ${DASHBOARD.scriptSource};`);
    expect(policy).toContain(`style-src ${DASHBOARD.styleSource};`);
    expect(policy).not.toContain("unsafe");
  });

  test("is compressed for those who can read that", async () => {
    for (const [path, text] of [
      ["/", DASHBOARD.html],
      ["/uplot.js", DASHBOARD.library],
    ] as const) {
      for (const [accepted, encoding] of [
        ["identity", null],
        ["br, gzip;q=0.8", "gzip"],
      ] as const) {
        const response = await admin.get(path, { "accept-encoding": accepted });
        expect(response.headers.get("content-encoding")).toBe(encoding);
        expect(await response.text()).toBe(text!);
      }
    }
  });

  test("is not the playground, which may start its worker", async () => {
    const response = await admin.get("/learn");
    expect(await response.text()).toContain("<title>playground</title>");
    const policy = response.headers.get("content-security-policy");
    expect(policy).toContain(`script-src ${PLAYGROUND.scriptSource};`);
    expect(policy).toContain("worker-src blob:;");
  });

  test("leads to each lesson, and says where they are listed", async () => {
    for (const path of ["/learn/lessons", "/learn/cold-start"]) {
      expect((await admin.get(path)).status).toBe(200);
    }
    const response = await admin.get("/learn/no-such");
    expect(response.status).toBe(404);
    expect(await response.text()).toContain("/learn/lessons and /learn/docs list them");
  });

  test("is made once, and again only after a failure", async () => {
    let calls = 0;
    await using fixture = new AdminFixture({
      page: async () => {
        if (++calls === 1) throw new Error("no bundler");
        return DASHBOARD;
      },
    });
    expect((await fixture.get("/")).status).toBe(500);
    expect((await fixture.get("/")).status).toBe(200);
    expect((await fixture.get("/")).status).toBe(200);
    expect(calls).toBe(2);
  });
});

describe("the port", () => {
  const options = (host: string, port: number): ConstructorParameters<typeof AdminFixture>[0] => ({
    host,
    port,
  });

  test("that is taken is a clear error", () => {
    const taken = (): unknown => new AdminFixture(options("127.0.0.1", admin.server.port));
    expect(taken).toThrow(AdminListenError);
    expect(taken).toThrow(expect.objectContaining({ code: "EADDRINUSE" }));
    expect(() => new AdminFixture(options("localhost", admin.server.port))).toThrow(
      `cannot listen on 127.0.0.1:${admin.server.port}: the port is in use by another program; choose another with --admin`,
    );
  });

  test("on an address of another machine is a clear error", () => {
    const foreign = { ...options("192.0.2.1", 0), password: "x" };
    expect(() => new AdminFixture(foreign)).toThrow("is not one of this machine's");
  });

  test("beyond this machine needs a password", async () => {
    expect(() => new AdminFixture(options("0.0.0.0", 0))).toThrow("needs a password");
    await using open = new AdminFixture({ ...options("0.0.0.0", 0), password: "x" });
    expect((await open.get("/api/watch", basic("x"))).status).toBe(200);
  });

  test("of localhost is there for both versions of IP", async () => {
    await using local = new AdminFixture(options("localhost", 0));
    const { port } = local.server;
    expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
    const hasIp6 =
      (await Bun.file("/proc/net/if_inet6").exists()) && (await Bun.file("/proc/net/if_inet6").text());
    if (hasIp6) expect((await fetch(`http://[::1]:${port}/health`)).status).toBe(200);
  });

  test("is free again after it was closed", async () => {
    const first = new AdminFixture();
    await first.server.close();
    await using second = new AdminFixture(options("127.0.0.1", first.server.port));
    expect(second.server).toBeInstanceOf(AdminServer);
  });
});
