/** The command line of `glasscache client`, run as a process. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { createServer, type Server, type Socket } from "node:net";
import { runGlasscache, runGlasscacheForBytes } from "../../test/support/command-line.ts";
import { type RunningServer, startGlasscache } from "../../test/support/origins.ts";
import { FakeServer } from "../client/fake-server-fixture.ts";

// Processes start slowly on a busy machine.
setDefaultTimeout(30_000);

let server: RunningServer;
let guarded: RunningServer;

beforeAll(async () => {
  server = await startGlasscache(["server", "--engine", "memory"]);
  guarded = await startGlasscache(["server", "--engine", "memory"], {
    env: { GLASSCACHE_PASSWORD: "s3cret" },
  });
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await guarded[Symbol.asyncDispose]();
});

const at = (port: number) => ["client", "--host", "127.0.0.1", "--port", String(port)];
const ask = (...words: string[]) => runGlasscache([...at(server.port), ...words]);

describe("options behind the command", () => {
  test("are options, not words of a key", async () => {
    await ask("PUT", "a=1");
    expect(JSON.parse((await ask("GET", "a", "--json")).stdout)).toMatchObject({
      request: ["GET", "a"],
      reply: "1",
    });
    expect((await runGlasscache(["client", "GET", "a", "-p", String(server.port), "--exact"])).stdout).toBe(
      "1",
    );
  });

  test("a word that only looks like an option is a word, or follows --", async () => {
    expect((await ask("INCRBY", "n", "-5")).stdout).toBe("-5\n");
    expect((await ask("--", "SET", "dashed", "--json")).stdout).toBe("OK\n");
    expect((await ask("GET", "dashed")).stdout).toBe("--json\n");
  });

  test("a misspelt one is never sent", async () => {
    expect(await ask("GET", "a", "--jsno")).toEqual({
      code: 2,
      stdout: "",
      stderr:
        "glasscache client: there is no option --jsno; did you mean --json? " +
        "Words of a command that begin with -- must follow a separate --\n",
    });
  });
});

describe("a key that is not there", () => {
  test("has an exit code of its own", async () => {
    await ask("PUT", "lookalike=No such key found");
    const found = await ask("GET", "lookalike");
    const missing = await ask("GET", "no such key");
    expect(found.stdout).toBe(missing.stdout);
    expect([found.code, missing.code]).toEqual([0, 3]);
    expect((await ask("DELETE", "no such key")).code).toBe(3);
    expect((await ask("GETDEL", "no such key")).code).toBe(3);
    expect(await ask("--json", "GET", "no such key")).toMatchObject({ code: 3 });
    // Lists mark each missing value.
    expect(await ask("MGET", "no such key")).toMatchObject({ code: 0, stdout: "(nil)\n" });
  });

  test("puts nothing among the bytes of --exact", async () => {
    expect(await ask("--exact", "GET", "no such key")).toEqual({
      code: 3,
      stdout: "",
      stderr: "glasscache client: No such key found\n",
    });
  });
});

describe("files", () => {
  const bytes = Uint8Array.from({ length: 100_000 }, (_, i) => (i * 7919) >> 3);

  test.each([
    [["PUT", "file"]],
    [["-x", "PUT", "file"]],
    [["PUT", "file=", "-x"]],
    [["SET", "file", "--stdin"]],
  ])("%p < file", async (words) => {
    await ask("DEL", "file");
    const stored = await runGlasscache([...at(server.port), ...words], { stdin: bytes });
    expect(stored).toEqual({ code: 0, stdout: "OK\n", stderr: "" });
    const read = await runGlasscacheForBytes([...at(server.port), "--exact", "GET", "file"]);
    expect(read.stdout).toEqual(bytes);
  });

  test("an empty one is stored if --stdin is given", async () => {
    expect((await ask("-x", "PUT", "empty")).code).toBe(0);
    expect((await ask("STRLEN", "empty")).stdout).toBe("0\n");
    expect(await ask("PUT", "empty")).toMatchObject({
      code: 2,
      stderr: "glasscache client: PUT needs a value after the key: PUT key=value\n",
    });
  });

  test("two values are one too many", async () => {
    const { code, stderr } = await runGlasscache([...at(server.port), "-x", "PUT", "a=1"], { stdin: "2" });
    expect(code).toBe(2);
    expect(stderr).toContain("PUT has two values");
  });
});

describe("--timeout bounds connecting", () => {
  let silent: Server;
  const sockets: Socket[] = [];
  let port: number;

  beforeAll(async () => {
    silent = createServer((socket) => sockets.push(socket));
    await new Promise<void>((resolve) => silent.listen(0, "127.0.0.1", resolve));
    ({ port } = silent.address() as { port: number });
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    silent.close();
  });

  test("to one that accepts and says nothing", async () => {
    expect(await runGlasscache([...at(port), "--timeout", "60ms", "GET", "a"])).toEqual({
      code: 1,
      stdout: "",
      stderr: `glasscache client: cannot connect to 127.0.0.1:${port} within 60 ms\n`,
    });
  });

  test("and feeds", async () => {
    const { code, stderr } = await runGlasscache([...at(port), "--timeout", "60ms", "MONITOR"]);
    expect(code).toBe(1);
    expect(stderr).toContain("within 60 ms");
  });
});

describe("--url", () => {
  const url = (text: string, ...words: string[]) => runGlasscache(["client", "-u", text, ...words]);

  test("gives address, user and database", async () => {
    expect((await url(`redis://127.0.0.1:${server.port}`, "PING")).stdout).toBe("PONG\n");
    expect((await url(`127.0.0.1:${server.port}`, "PING")).stdout).toBe("PONG\n");
    expect((await url(`glasscache://:s3cret@127.0.0.1:${guarded.port}/0`, "PING")).stdout).toBe("PONG\n");
    await using fake = await FakeServer.start();
    await url(`redis://127.0.0.1:${fake.port}/3`, "PING");
    expect(fake.requests).toEqual([["SELECT", "3"], ["PING"]]);
    const refused = await url(`redis://127.0.0.1:${server.port}/3`, "PING");
    expect(refused.code).toBe(1);
    expect(refused.stderr).toBe(
      "glasscache client: cannot select database 3: ERR DB index is out of range\n",
    );
  });

  test("8080 if glasscache:// has no port, 6379 if redis:// has none", async () => {
    const quick = ["--timeout", "1ms", "PING"];
    expect((await url("glasscache://203.0.113.1", ...quick)).stderr).toContain("203.0.113.1:8080");
    expect((await url("203.0.113.1", ...quick)).stderr).toContain("203.0.113.1:8080");
    expect((await url("redis://203.0.113.1", ...quick)).stderr).toContain("203.0.113.1:6379");
  });

  test("the stronger source wins, and two in one place are a mistake", async () => {
    const env = { GLASSCACHE_URL: "redis://127.0.0.1:1" };
    expect((await runGlasscache([...at(server.port), "PING"], { env })).stdout).toBe("PONG\n");
    const port = { GLASSCACHE_PORT: "1", GLASSCACHE_PASSWORD: "wrong" };
    const guardedUrl = `redis://:s3cret@127.0.0.1:${guarded.port}`;
    expect((await runGlasscache(["client", "-u", guardedUrl, "PING"], { env: port })).stdout).toBe("PONG\n");
    expect(await url("redis://h", "--port", "1", "PING")).toMatchObject({
      code: 2,
      stderr: "glasscache client: --url and --port: give one of the two\n",
    });
    expect((await url("redis://:a@h", "--password", "b", "PING")).stderr).toBe(
      "glasscache client: --url: holds a password already; give it once\n",
    );
  });

  test.each([
    ["ldaps://h", "--url: the URL scheme ldaps:// is not supported; use redis://"],
    ["redis://h/x", '--url: the URL names the database "x"'],
    ["redis://:secret@:1", "--url: the URL"],
  ])("a mistake: %s", async (text, message) => {
    const { code, stderr } = await url(text, "PING");
    expect(code).toBe(2);
    expect(stderr).toStartWith(`glasscache client: ${message}`);
    expect(stderr).not.toContain("secret");
  });

  test("is refused as --host", async () => {
    const { stderr } = await runGlasscache(["client", "--host", "redis://u:secret@h", "PING"]);
    expect(stderr).toBe('glasscache client: --host: "redis://h" is a URL: use --url\n');
  });
});
