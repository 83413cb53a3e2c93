/** `glasscache top` as a process: what it prints, its errors, and its screen on a terminal. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createServer } from "node:net";
import { join } from "node:path";
import { cleanEnvironment, runGlasscache, TerminalSession } from "../../test/support/command-line.ts";
import { type RunningServer, startGlasscache } from "../../test/support/origins.ts";
import { freePort } from "../../test/support/program.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { until } from "../../test/support/until.ts";
import { AdminFixture } from "../admin/admin-fixture.ts";
import { widthOf } from "./wrapping.ts";

const LAUNCHER = join(import.meta.dir, "../../bin/glasscache");
const ENTER = "\x1b[?1049h";
const LEAVE = "\x1b[?25h\x1b[?1049l";
/** What comes before each row that is written. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: it begins with one
const ROW = /\x1b\[[0-9]+;1H\x1b\[2K/;

// Processes start slowly on a busy machine.
setDefaultTimeout(60_000);

let server: RunningServer;
let proxy: RunningServer;
let admin: string;
let guarded: AdminFixture;

beforeAll(async () => {
  server = await startGlasscache(["server", "--engine", "memory"]);
  admin = `127.0.0.1:${await freePort()}`;
  const args = ["--threads", "1", "--origin", `127.0.0.1:${server.port}`, "--admin", admin];
  proxy = await startGlasscache(["proxy", ...args]);
  await answers();
  guarded = new AdminFixture({ password: "s3cret" });
});

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await guarded[Symbol.asyncDispose]();
});

/** The admin port opens a little later than the proxy's own. */
async function answers(): Promise<void> {
  await until(() =>
    fetch(`http://${admin}/health`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
}

function start(
  words: readonly string[] = [],
  size = { columns: 80, rows: 24 },
  env: Record<string, string> = {},
) {
  return new TerminalSession(["top", admin, "--interval", "100ms", ...words], env, size);
}

describe("printed", () => {
  test("one screen as text, without a terminal", async () => {
    const { code, stdout, stderr } = await runGlasscache(["top", admin, "--once", "--interval", "100ms"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toStartWith(`Glasscache proxy ${admin}, s3-fifo  `);
    expect(stdout).toContain("\nNothing is wrong.\n");
    expect(stdout).not.toContain("\x1b");
  });

  test("every counter, with its meaning", async () => {
    const { stdout } = await runGlasscache(["top", "--once", "--screen", "counters", admin]);
    expect(stdout).toMatch(/\n {2}counter +value +per second +10 s +100 s +1000 s\n/);
    expect(stdout).toContain("\n  events_dropped_total ");
    expect(stdout).toContain("\nglasscache_requests_total{");
  });

  test("everything as one line of JSON", async () => {
    using client = await RespClient.connect({ port: proxy.port });
    await client.ask("SET", "printed", "1");
    await client.ask("GET", "printed");
    await client.ask("GET", "printed");
    const { code, stdout } = await runGlasscache(["top", "--once", "--json", "--interval", "100ms", admin]);
    expect(code).toBe(0);
    expect(stdout).toEndWith("}\n");
    const told = JSON.parse(stdout);
    expect(told).toMatchObject({ address: admin, service: "proxy", health: { ready: true } });
    expect(Object.keys(told.hot)).toEqual(["rate", "bytes", "misses", "origin-time", "size"]);
    expect(told.hot.rate.keys[0].key).toEqual({ text: "printed" });
    expect(told.families).toBeArray();
    expect(told.overview.requestsPerSecond).toBeNumber();
    const hits = told.counters.find(
      ({ name, labels }: { name: string; labels: object }) =>
        name === "glasscache_keys_read_total" && JSON.stringify(labels) === '{"result":"hit"}',
    );
    expect(hits).toMatchObject({ kind: "counter", value: 1, perSecond: 0, averages: { "10s": 0 } });
  });

  test("a line for each interval, until a signal", async () => {
    const child = Bun.spawn([LAUNCHER, "top", "--json", "--interval", "100ms", admin], {
      env: cleanEnvironment(),
      stdin: "ignore",
      stdout: "pipe",
    });
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let shown = "";
    while (shown.split("\n").length < 3) shown += (await reader.read()).value ?? "";
    for (const line of shown.split("\n").slice(0, 2)) expect(JSON.parse(line).service).toBe("proxy");
    child.kill("SIGTERM");
    expect(await child.exited).toBe(0);
  });

  test("nobody reads any more", () => {
    const script = `'${LAUNCHER}' top --interval 100ms ${admin} | head -n 1; echo \${PIPESTATUS[0]}`;
    const child = Bun.spawnSync(["bash", "-c", script], { env: cleanEnvironment() });
    expect(child.stdout.toString()).toEndWith("\n0\n");
    expect(child.stderr.toString()).toBe("");
  });
});

describe("mistakes", () => {
  test.each([
    [["nowhere"], '"nowhere" is not an address such as localhost:8081'],
    [["redis://localhost:1"], '"redis://localhost:1" is not an address such as localhost:8081'],
    [["localhost:1", "localhost:2"], "too many arguments for 'top'"],
    [["--interval", "1ms"], '--interval: "1ms" is too small: the least is 100ms'],
    [["--screen", "keys"], '--screen: "keys" is not one of overview, what-if, hot, families, counters'],
    [["--password", "a", "--password-file", "b"], "--password and --password-file: give one of the two"],
  ])("%p", async (words, message) => {
    const { code, stdout, stderr } = await runGlasscache(["top", ...words]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  test("nothing listens there", async () => {
    const port = await freePort();
    expect(await runGlasscache(["top", `127.0.0.1:${port}`])).toEqual({
      code: 1,
      stdout: "",
      stderr: `glasscache top: nothing listens on 127.0.0.1:${port}; is the proxy running, and is --admin the same there?\n`,
    });
  });

  test("the port of clients instead of the admin port", async () => {
    for (const port of [proxy.port, server.port]) {
      const { code, stdout, stderr } = await runGlasscache(["top", `127.0.0.1:${port}`]);
      expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
      expect(stderr).toBe(
        `glasscache top: 127.0.0.1:${port} does not speak HTTP; if it is the port of clients, give the admin port, ` +
          "localhost:8081 unless --admin says otherwise\n",
      );
    }
  });

  test("a silent port", async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    const { port } = silent.address() as { port: number };
    const { code, stderr } = await runGlasscache(["top", "--timeout", "100ms", `127.0.0.1:${port}`]);
    expect(code).toBe(1);
    expect(stderr).toBe(`glasscache top: 127.0.0.1:${port} does not answer in time\n`);
    silent.close();
  });

  test("passwords", async () => {
    const address = `127.0.0.1:${guarded.server.port}`;
    const missing = await runGlasscache(["top", "--once", address]);
    expect(missing).toEqual({
      code: 1,
      stdout: "",
      stderr: `glasscache top: ${address} requires a password; give --password-file, GLASSCACHE_PASSWORD or --password\n`,
    });
    const wrong = await runGlasscache(["top", "--once", address, "--password", "wrong"]);
    expect(wrong.code).toBe(1);
    expect(wrong.stderr).toBe(`glasscache top: ${address} does not accept the password\n`);
    const env = { GLASSCACHE_PASSWORD: "s3cret" };
    const right = await runGlasscache(["top", "--once", "--interval", "100ms", address], { env });
    expect({ code: right.code, stderr: right.stderr }).toEqual({ code: 0, stderr: "" });
  });
});

describe.each([40, 80, 200])("on a terminal of %d columns", (columns) => {
  test("every screen fits, and q restores the terminal", async () => {
    await using session = start([], { columns, rows: 24 }, { NO_COLOR: "1" });
    await session.until(ENTER);
    await session.until("q end");
    const titles = ["[2 What-if]", "[3 Hot keys]", "[4 Families]", "[5 Counters]"];
    for (const [at, title] of titles.entries()) {
      session.type(String(at + 2));
      await session.until(title);
    }
    session.type("?");
    await session.until("Ctrl-C");
    session.type("xq");
    expect(await session.exited).toBe(0);
    expect(session.shown).toEndWith(`\x1b[?7h${LEAVE}`);
    const lines = session.shown.slice(0, -LEAVE.length).split(ROW);
    expect(lines.length).toBeGreaterThan(5 * 20);
    // Nothing is behind the first and the last one but lines, and NO_COLOR leaves them without colours.
    for (const line of lines.slice(1, -1)) {
      expect(line).not.toContain("\x1b");
      expect(widthOf(line)).toBeLessThanOrEqual(columns);
    }
  });
});

describe("on a terminal", () => {
  test("a proxy that is killed and started again", async () => {
    await using session = start();
    await session.until("Nothing is wrong.");
    await proxy.kill();
    await session.until(`nothing listens on ${admin}; the figures are the last ones known`);
    await proxy.restart();
    await answers();
    await session.until("? help");
    session.type("5");
    await session.until("[5 Counters]");
    expect(await session.until("requests_total string hit")).not.toMatch(/ -\d/);
    session.type("q");
    expect(await session.exited).toBe(0);
  });

  test("another size", async () => {
    await using session = start([], { columns: 80, rows: 24 }, { NO_COLOR: "1" });
    await session.until("? help");
    session.resize(40, 12);
    await session.until("[1 Overview]  2   3   4   5");
    session.resize(100, 30);
    await session.until("[1 Overview]  2 What-if   3 Hot keys");
    session.type("\x04");
    expect(await session.exited).toBe(0);
  });

  test.each(["SIGINT", "SIGTERM", "SIGHUP"] as const)("%s restores the terminal", async (signal) => {
    await using session = start();
    await session.until("? help");
    process.kill(session.pid, signal);
    expect(await session.exited).toBe(0);
    expect(session.shown).toEndWith(LEAVE);
  });

  test("a key's name cannot act on it", async () => {
    using client = await RespClient.connect({ port: proxy.port });
    await client.ask("GET", "nasty\x1b[31m\u202e漢字");
    await using session = start(["--screen", "hot"], { columns: 80, rows: 24 }, { NO_COLOR: "1" });
    await session.until("nasty\\x1b[31m\\u202e漢字");
    session.type("q");
    expect(await session.exited).toBe(0);
  });

  test("a password is asked for", async () => {
    const address = `127.0.0.1:${guarded.server.port}`;
    await using session = new TerminalSession(["top", address], { NO_COLOR: "1" });
    await session.until(`${address} requires a password: `);
    session.type("guess\r");
    await session.until(`${address} does not accept the password: `);
    session.type("s3cret\r");
    await session.until(ENTER);
    session.type("q");
    expect(await session.exited).toBe(0);
    expect(session.shown).not.toMatch(/guess|s3cret/);
  });

  test("another password in the meantime ends it with a message", async () => {
    await using first = new AdminFixture();
    const { port } = first.server;
    await using session = new TerminalSession(["top", `127.0.0.1:${port}`, "--interval", "100ms"]);
    await session.until(ENTER);
    await first.server.close();
    await session.until("next try");
    await using _ = new AdminFixture({ port, password: "new" });
    await session.until(LEAVE);
    await session.until(`glasscache top: 127.0.0.1:${port} requires a password`);
    expect(await session.exited).toBe(1);
  });

  test("Ctrl-Z gives the terminal back until the program goes on", async () => {
    await using session = start();
    await session.until("? help");
    session.type("\x1a");
    await session.until(LEAVE);
    // A process without a shell above it is not stopped; one that is goes on with the signal.
    await until(() => {
      process.kill(session.pid, "SIGCONT");
      return session.shown.split(ENTER).length === 3;
    });
    session.type("q");
    expect(await session.exited).toBe(0);
  });
});
