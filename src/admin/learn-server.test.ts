import { expect, test } from "bun:test";
import { gunzipSync } from "node:zlib";
import { DASHBOARD, PLAYGROUND } from "./admin-fixture.ts";
import { LearnServer } from "./learn-server.ts";

const page = async (name: string) => (name === "learn" ? PLAYGROUND : DASHBOARD);

test("the playground alone: its page, and a way to it", async () => {
  const server = new LearnServer({ host: "127.0.0.1", port: 0, page });
  const get = (path: string, init: RequestInit = {}) =>
    fetch(`http://127.0.0.1:${server.port}${path}`, { redirect: "manual", ...init });
  const found = await get("/learn");
  expect(await found.text()).toContain("<title>playground</title>");
  expect((await get("/learn/scan")).status).toBe(200);
  expect(found.headers.get("content-security-policy")).toContain("worker-src blob:;");
  const root = await get("/");
  expect([root.status, root.headers.get("location")]).toEqual([302, "/learn"]);
  expect((await get("/api")).status).toBe(404);
  const trace = await get("/learn/traces/history.csv.gz");
  expect([trace.status, trace.headers.get("content-type")]).toEqual([200, "application/octet-stream"]);
  expect(gunzipSync(await trace.arrayBuffer()).toString("utf8", 0, 9)).toBe("time,key\n");
  for (const name of ["", "none.gz", "..%2f..%2fpackage.json"]) {
    const missing = await get(`/learn/traces/${name}`);
    expect([missing.status, await missing.text()]).toEqual([404, expect.stringContaining("there are ")]);
  }
  const picture = await get("/learn/docs/images/dashboard.png");
  expect([picture.status, picture.headers.get("content-type")]).toEqual([200, "image/png"]);
  expect((await get("/learn/docs/images/..%2f..%2fpackage.json")).status).toBe(404);
  expect((await get("/learn/docs/policies")).status).toBe(200);
  expect((await get("/learn/docs/secrets")).status).toBe(404);
  expect((await get("/learn", { method: "POST" })).status).toBe(405);
  expect(() => new LearnServer({ host: "127.0.0.1", port: server.port, page })).toThrow(
    "the port is in use by another program; choose another with --port",
  );
  await server.close();
});

test("a page that cannot be made is told, and tried again", async () => {
  let calls = 0;
  const failing = async () => {
    if (++calls === 1) throw new Error("no bundler");
    return PLAYGROUND;
  };
  const server = new LearnServer({ host: "127.0.0.1", port: 0, page: failing });
  const get = () => fetch(`http://127.0.0.1:${server.port}/learn`);
  expect((await get()).status).toBe(500);
  expect((await get()).status).toBe(200);
  await server.close();
});
