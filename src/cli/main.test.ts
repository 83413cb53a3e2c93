/** `glasscache` as a process: usage, exit codes, signals, and the first messages of server and proxy. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { createServer, type Socket } from "node:net";
import { join } from "node:path";
import manifest from "../../package.json" with { type: "json" };
import { cleanEnvironment, runGlasscache } from "../../test/support/command-line.ts";
import { FakeOrigin } from "../../test/support/fake-origin.ts";
import { Program, TemporaryDirectory } from "../../test/support/program.ts";
import { RespClient } from "../../test/support/resp-client.ts";

const LAUNCHER = join(import.meta.dir, "../../bin/glasscache");

// Processes start slowly on a busy machine.
setDefaultTimeout(30_000);

const directory = new TemporaryDirectory();
afterAll(() => directory[Symbol.dispose]());

/** Starts a server or proxy on a free port. */
async function start(args: readonly string[], env: Record<string, string> = {}) {
  return Program.start(
    [LAUNCHER, ...args, "--port", "0"],
    (line) => {
      const port = /listening on [^ ]*:(\d+)/.exec(line)?.[1];
      return port === undefined ? undefined : { line, port: Number(port) };
    },
    { env: { ...cleanEnvironment(), ...env } },
  );
}

describe("usage", () => {
  test("help, for all and for each", async () => {
    const all = await runGlasscache(["--help"]);
    expect(all.code).toBe(0);
    for (const name of ["server", "proxy", "client", "demo"]) {
      expect(all.stdout).toContain(`\n  ${name} `);
      const own = await runGlasscache([name, "--help"]);
      expect({ code: own.code, stderr: own.stderr }).toEqual({ code: 0, stderr: "" });
      expect(own.stdout).toStartWith(`Usage: glasscache ${name} `);
      expect(own.stdout).toContain("Examples:");
    }
  });

  test("the help shows the default of every limit", async () => {
    const { stdout } = await runGlasscache(["server", "--help"]);
    expect(stdout).toMatch(/--max-connections <count> .*\(default: 20000\)/);
    expect(stdout).toMatch(/--max-unauthenticated-value <size> .*\(default: 16kb\)/);
    expect(stdout).toMatch(/--request-timeout <time> .*\(default: 60s\)/);
  });

  test.each(["--version", "-v", "-V", "version", "client -v", "server --version"])("%s", async (line) => {
    expect(await runGlasscache(line.split(" "))).toEqual({
      code: 0,
      stdout: `${manifest.version}\n`,
      stderr: "",
    });
  });

  test("a variable that is no setting is refused as a name in the file is", async () => {
    const env = { GLASSCACHE_PROXY_PRT: "1" };
    for (const args of [["proxy"], ["client", "PING"]]) {
      expect(await runGlasscache(args, { env })).toEqual({
        code: 2,
        stdout: "",
        stderr: `glasscache ${args[0]}: GLASSCACHE_PROXY_PRT: there is no such setting; did you mean GLASSCACHE_PROXY_PORT?\n`,
      });
    }
    expect((await runGlasscache(["proxy", "--help"], { env })).code).toBe(0);
  });

  test("help whose reader has gone", () => {
    const child = Bun.spawnSync(
      ["bash", "-c", `'${LAUNCHER}' server --help | true; echo \${PIPESTATUS[0]}`],
      {
        env: cleanEnvironment(),
      },
    );
    expect({ out: child.stdout.toString(), err: child.stderr.toString() }).toEqual({ out: "0\n", err: "" });
  });

  test.each([
    [[], "Usage: glasscache"],
    [["sever"], "glasscache: unknown command 'sever'\n(Did you mean server?)"],
    [["server", "--prot", "1"], "glasscache: unknown option '--prot'"],
    [["server", "--port"], "glasscache: option '--port <port>' argument missing"],
    [["server", "extra"], "glasscache: too many arguments for 'server'"],
    [
      ["server", "--port", "http"],
      'glasscache server: --port: "http" is not a port: a number from 0 to 65535',
    ],
    [["server", "--memory", "100tb"], 'glasscache server: --memory: "100tb" is not a size'],
    [["server", "--memory", "900000gb"], "is more than this machine has"],
    [
      ["server", "--memory", "64mb", "--max-memory", "32mb"],
      "glasscache server: --max-memory: 32 MB is less than --memory, 64 MB",
    ],
    [["proxy", "--max-memory", "900000gb"], "is more than this machine has"],
    [["server", "--policy", "belady"], '--policy: "belady" needs to know the future'],
    [["server", "--host", "0.0.0.0"], "glasscache server: --host: without a password, listening on 0.0.0.0"],
    [["proxy", "--max-entries", "0"], 'glasscache proxy: --max-entries: "0" is too small: the least is 1'],
    [
      ["proxy", "--origin", "nowhere"],
      'glasscache proxy: --origin: origin "nowhere" is not of the form host:port',
    ],
    [
      ["proxy", "--origin", "redis://:a@h:1", "--origin-password", "b"],
      "glasscache proxy: --origin: holds a password already; give it once",
    ],
  ])("a mistake: %p", async (args, message) => {
    const { code, stdout, stderr } = await runGlasscache(args);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toContain(message);
  });

  test("several mistakes are reported at once, from any source", async () => {
    const path = join(directory.path, "c.json");
    await Bun.write(path, '{ "server": { "sync": "never" } }');
    const env = { GLASSCACHE_CONFIG: path, GLASSCACHE_MAX_VALUE: "huge" };
    const { code, stderr } = await runGlasscache(["server", "--engine", "disk"], { env });
    expect(code).toBe(2);
    expect(stderr.trim().split("\n").sort()).toEqual([
      `glasscache server: "sync" of "server" in ${path}: "never" is not one of always, interval`,
      'glasscache server: --engine: "disk" is not one of lmdb, memory',
      'glasscache server: GLASSCACHE_MAX_VALUE: "huge" is not a size such as 64mb, 1gb or 4096',
    ]);
  });
});

describe("starting", () => {
  test("a server logs its addresses and its data directory", async () => {
    const data = join(directory.path, "data");
    const { program, ready } = await start(["server", "--data", data, "--log-format", "pretty"]);
    await using _ = program;
    expect(ready.line).toMatch(
      new RegExp(
        `info {2}listening on localhost:\\d+ \\(127\\.0\\.0\\.1(, ::1)?\\), engine lmdb in ${data}$`,
      ),
    );
    expect(await program.end()).toBe(0);
  });

  test("its log is JSON if it does not go to a terminal", async () => {
    const { program, ready } = await start(["server", "--engine", "memory", "--host", "127.0.0.1"]);
    await using _ = program;
    expect(JSON.parse(ready.line)).toMatchObject({
      level: "info",
      ready: { host: "127.0.0.1", port: ready.port, addresses: ["127.0.0.1"], engine: "memory" },
      msg: `listening on 127.0.0.1:${ready.port}, engine memory, at most 256 MB`,
    });
    expect(await program.end("SIGINT")).toBe(0);
  });

  test("settings reach it from variables and the file", async () => {
    const path = join(directory.path, "memory.json");
    await Bun.write(path, '{ "engine": "memory", "server": { "memory": "8mb" } } // small');
    const { program, ready } = await start(["server", "--config", path], {
      GLASSCACHE_SERVER_HOST: "127.0.0.1",
    });
    await using _ = program;
    expect(ready.line).toContain(`listening on 127.0.0.1:${ready.port}, engine memory, at most 8 MB`);
  });

  test.each(["server", "proxy"])("a taken port is one line that names the flag: %s", async (subcommand) => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, "127.0.0.1", resolve));
    const { port } = holder.address() as { port: number };
    try {
      const options = ["--host", "127.0.0.1", "--port", String(port), "--log-format", "pretty"];
      const args = [subcommand, ...options, ...(subcommand === "server" ? ["--engine", "memory"] : [])];
      const { code, stderr } = await runGlasscache(args);
      expect(code).toBe(1);
      expect(stderr).toBe(
        `glasscache ${subcommand}: cannot listen on 127.0.0.1:${port}: ` +
          "the port is in use by another program; choose another with --port\n",
      );
    } finally {
      holder.close();
    }
  });

  test("it survives the reader of its messages", async () => {
    const child = Bun.spawn(
      [
        "bash",
        "-c",
        `exec 3>&1; '${LAUNCHER}' server --engine memory --port 0 2>&1 >&3 | head -n 1 >&3; echo gone`,
      ],
      { stdout: "pipe", env: cleanEnvironment({ GLASSCACHE_HOST: "127.0.0.1" }) },
    );
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let shown = "";
    while (!shown.includes("\n")) shown += (await reader.read()).value ?? "";
    const { pid, ready } = JSON.parse(shown.split("\n")[0]!);
    // Shutting down writes to the log, which nothing reads any more.
    using client = await RespClient.connect({ port: ready.port });
    expect(await client.ask("PING")).toBe("PONG");
    process.kill(pid, "SIGTERM");
    while (!shown.includes("gone")) shown += (await reader.read()).value ?? "";
    expect(await child.exited).toBe(0);
  });
});

describe("SIGHUP", () => {
  test.each(["server --engine memory", "proxy"])(
    "without anything that has changed is logged: %s",
    async (line) => {
      const { program, ready } = await start([...line.split(" "), "--host", "127.0.0.1"]);
      await using _ = program;
      process.kill(program.pid, "SIGHUP");
      while (!program.output.includes("the settings are what they were")) await Bun.sleep(5);
      using client = await RespClient.connect({ port: ready.port });
      expect(await client.ask("PING")).toBe("PONG");
      expect(await program.end()).toBe(0);
    },
  );
});

describe("--check", () => {
  test("says what differs from the defaults, and where it comes from; secrets are not shown", async () => {
    using directory = new TemporaryDirectory();
    const path = join(directory.path, "glasscache.json");
    writeFileSync(path, JSON.stringify({ memory: "16mb", proxy: { policy: "lru" }, heartbeat: "1s" }));
    const args = [
      "proxy",
      "--check",
      "--config",
      path,
      "--password",
      "s3cret",
      "--origin",
      "redis://:hush@h",
    ];
    const env = { GLASSCACHE_PROXY_ADMIN: "", GLASSCACHE_SERVER_ADMIN: "" };
    expect(await runGlasscache(args, { env })).toEqual({
      code: 0,
      stderr: "",
      stdout: `\
The configuration is right; these settings differ from the defaults:
  password: (secret) (--password)
  origin: (secret) (--origin; the default is localhost:9090)
  memory: 16mb ("memory" in ${path}; the default is 64mb)
  policy: lru ("policy" of "proxy" in ${path}; the default is s3-fifo)
`,
    });
    const usual = await runGlasscache(["server", "--check"], { env });
    expect(usual.stdout).toBe("The configuration is right; all settings have their defaults\n");
  });

  test.each([
    ["proxy", ["--threads", "1"], ["threads: 1 → 2 (takes a restart)"]],
    ["server", ["--engine", "memory"], []],
  ])("tells what the running %s has otherwise", async (service, given, restarts) => {
    const args = [service, "--host", "127.0.0.1", "--admin", "off", "--password", "s3cret"];
    using origin = new FakeOrigin();
    if (service === "proxy") args.push("--origin", `127.0.0.1:${origin.port}`);
    const { program, ready } = await start([...args, ...given, "--memory", "16mb"]);
    await using _ = program;
    const check = async (...more: string[]) => {
      const run = [...args, "--port", String(ready.port), "--check", ...given, ...more];
      const { code, stdout, stderr } = await runGlasscache(run);
      expect([code, stderr]).toEqual([0, ""]);
      return stdout.slice(stdout.indexOf("What runs")).trimEnd().split("\n");
    };
    const place = `127.0.0.1:${ready.port}`;
    expect(await check("--memory", "16mb")).toEqual([
      `What runs at ${place} has these settings already, as far as it tells them.`,
    ]);
    const threads = restarts.length === 0 ? [] : ["--threads", "2"];
    expect(await check("--memory", "0.5gb", "--policy", "lru", ...threads)).toEqual([
      `What runs at ${place} is set otherwise:`,
      `  memory: ${16 * 2 ** 20} → 0.5gb (SIGHUP changes it)`,
      "  policy: s3-fifo → lru (SIGHUP changes it)",
      ...restarts.map((line) => `  ${line}`),
    ]);
  });

  test("finds what a start would find", async () => {
    const { code, stderr } = await runGlasscache([
      "server",
      "--check",
      "--tls-cert",
      "/no/such/file",
      "--tls-key",
      "k",
    ]);
    expect([code, stderr]).toEqual([
      2,
      'glasscache server: --tls-cert: cannot read "/no/such/file": there is no such file\n',
    ]);
  });
});

describe("SIGHUP at the server", () => {
  test("changes what the file says now: all of it, or nothing", async () => {
    using directory = new TemporaryDirectory();
    const path = join(directory.path, "glasscache.json");
    const write = (settings: object) => writeFileSync(path, JSON.stringify(settings));
    write({ memory: "8mb", "max-connections": 100, server: { policy: "lru" } });
    const args = ["server", "--engine", "memory", "--host", "127.0.0.1", "--config", path];
    const { program, ready } = await start([...args, "--max-memory", "32mb"]);
    await using _ = program;
    using client = await RespClient.connect({ port: ready.port });
    const settings = async () =>
      Promise.all(
        ["maxmemory", "maxclients", "policy"].map(
          async (name) => ((await client.must("CONFIG", "GET", name)) as string[])[1],
        ),
      );
    const said = async (text: string, settled: unknown) => {
      while (!program.output.includes(text)) await Bun.sleep(5);
      expect(await settings()).toEqual(settled as string[]);
    };
    const before = [String(8 * 2 ** 20), "100", "lru"];
    expect(await settings()).toEqual(before);
    write({ "max-connections": 50, memory: "64mb", server: { policy: "sieve" } });
    process.kill(program.pid, "SIGHUP");
    await said("nothing was changed: --memory: ", before);
    write({ "max-connections": 50, memory: "16mb", server: { policy: "sieve" }, sync: "interval" });
    process.kill(program.pid, "SIGHUP");
    await said("policy: lru → sieve", [String(16 * 2 ** 20), "50", "sieve"]);
    expect(program.output).toContain("takes a restart to count");
  });
});

describe("SIGHUP at the proxy", () => {
  test.each([1, 2])("changes what the file says now: all of it, or nothing (%p threads)", async (threads) => {
    using directory = new TemporaryDirectory();
    const path = join(directory.path, "glasscache.json");
    const write = (settings: object) => writeFileSync(path, JSON.stringify(settings));
    write({ memory: "8mb", heartbeat: "1s", proxy: { policy: "lru" } });
    const args = ["proxy", "--host", "127.0.0.1", "--config", path, "--threads", String(threads)];
    const { program, ready } = await start([...args, "--max-memory", "32mb"]);
    await using _ = program;
    using client = await RespClient.connect({ port: ready.port });
    const settings = async () =>
      Promise.all(
        ["memory", "heartbeat", "policy", "max-pipeline"].map(
          async (name) => ((await client.must("CONFIG", "GET", name)) as string[])[1],
        ),
      );
    const said = async (text: string, settled: unknown) => {
      while (!program.output.includes(text)) await Bun.sleep(5);
      expect(await settings()).toEqual(settled as string[]);
    };
    const before = [String(8 * 2 ** 20), "1000ms", "lru", "10000"];
    expect(await settings()).toEqual(before);
    // More than can be: the heartbeat, which is right, must not change alone.
    write({ memory: "64mb", heartbeat: "2s" });
    process.kill(program.pid, "SIGHUP");
    await said("nothing was changed: --memory: ", before);
    write({ memory: "8mb", heartbeat: "often" });
    process.kill(program.pid, "SIGHUP");
    await said("often", before);
    writeFileSync(path, "{");
    process.kill(program.pid, "SIGHUP");
    await said("is not JSON", before);
    write({
      memory: "16mb",
      heartbeat: "2s",
      "max-pipeline": 500,
      "allow-admin": true,
      proxy: { policy: "lru" },
    });
    process.kill(program.pid, "SIGHUP");
    await said("memory: 8mb → 16mb", [String(16 * 2 ** 20), "2000ms", "lru", "500"]);
    expect(program.output).toContain("heartbeat: 1s → 2s");
    expect(program.output).toContain("has changed, which takes a restart to count");
    // What is no longer in the file has its default again.
    write({ memory: "16mb", heartbeat: "2s" });
    process.kill(program.pid, "SIGHUP");
    await said("policy: lru → s3-fifo", [String(16 * 2 ** 20), "2000ms", "s3-fifo", "10000"]);
  });
});

describe("ending", () => {
  /** Starts an origin that never replies, so that requests to the proxy stay in progress. */
  async function startSilentOrigin() {
    const sockets: Socket[] = [];
    const origin = createServer((socket) => {
      sockets.push(socket);
      socket.on("error", () => {});
    });
    await new Promise<void>((resolve) => origin.listen(0, "127.0.0.1", resolve));
    return {
      port: (origin.address() as { port: number }).port,
      async [Symbol.asyncDispose]() {
        for (const socket of sockets) socket.destroy();
        await new Promise((resolve) => origin.close(resolve));
      },
    };
  }

  test.each([
    "server --engine memory",
    "server --engine memory --admin 127.0.0.1:0",
    "proxy --threads 1 --admin off",
    "proxy --threads 1 --admin 127.0.0.1:0",
    "proxy --threads 1 --instruments off --admin off",
    "proxy --threads 2 --admin 127.0.0.1:0",
  ])("nothing keeps `%s` from ending", async (line) => {
    await using origin = await startSilentOrigin();
    const own = line.startsWith("proxy") ? ["--origin", `127.0.0.1:${origin.port}`] : [];
    const { program } = await start([...line.split(" "), ...own, "--host", "127.0.0.1"]);
    await using _ = program;
    expect(await program.end("SIGTERM")).toBe(0);
  });

  test("SIGTERM lets clients have their replies; another one ends at once", async () => {
    await using origin = await startSilentOrigin();
    const args = ["proxy", "--origin", `127.0.0.1:${origin.port}`, "--origin-timeout", "20s"];
    const { program, ready } = await start([...args, "--host", "127.0.0.1"]);
    await using _ = program;
    using client = await RespClient.connect({ port: ready.port });
    const reply = client.ask("SET", "a", "b").catch(() => "cut off");
    using observer = await RespClient.connect({ port: ready.port });
    while (!String(await observer.ask("CLIENT", "LIST")).includes("cmd=set")) await Bun.sleep(5);
    process.kill(program.pid, "SIGTERM");
    while (!program.output.includes("a second signal ends at once")) await Bun.sleep(5);
    expect(await program.end("SIGTERM")).toBe(128 + 15);
    expect(await reply).toBe("cut off");
  });
});
