/** `glasscache client` as a process, with our server and proxy. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import {
  cleanEnvironment,
  runGlasscache,
  runGlasscacheForBytes,
  TerminalSession,
} from "../../test/support/command-line.ts";
import { type RunningServer, startGlasscache } from "../../test/support/origins.ts";
import { freePort, TemporaryDirectory } from "../../test/support/program.ts";
import { dumpedBytes } from "../client/client.ts";
import { bulk, FakeServer } from "../client/fake-server-fixture.ts";

const LAUNCHER = join(import.meta.dir, "../../bin/glasscache");

// Processes start slowly on a busy machine.
setDefaultTimeout(30_000);

let server: RunningServer;
let proxy: RunningServer;

beforeAll(async () => {
  server = await startGlasscache(["server", "--engine", "memory"]);
  proxy = await startGlasscache(["proxy", "--origin", `127.0.0.1:${server.port}`]);
});

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
});

const target = () => ["client", "--host", "127.0.0.1", "--port", String(proxy.port)];
const ask = (...words: string[]) => runGlasscache([...target(), ...words]);
const script = (lines: string, ...options: string[]) =>
  runGlasscache([...target(), ...options], { stdin: lines });

describe("one command", () => {
  test("the exchange it is made for", async () => {
    expect(await ask("--source", "PUT", "shashank=softwareEngineer")).toEqual({
      code: 0,
      stdout: "{Backend Server} : OK\n",
      stderr: "",
    });
    expect((await ask("--source", "GET", "shashank")).stdout).toBe("{Backend Server} : softwareEngineer\n");
    expect((await ask("--source", "GET", "shashank")).stdout).toBe("{Proxy Server} : softwareEngineer\n");
    // A program gets the value alone.
    expect((await ask("GET", "shashank")).stdout).toBe("softwareEngineer\n");
  });

  test("text verbs and commands of Redis", async () => {
    expect((await ask("PUT", "a", "b c")).stdout).toBe("OK\n");
    expect((await ask("TTL", "a")).stdout).toBe("-1\n");
    expect((await ask("MGET", "a", "no such key")).stdout).toBe("b c\n(nil)\n");
    expect((await ask("DELETE", "a")).stdout).toBe("OK\n");
    expect((await ask("DELETE", "a")).stdout).toBe("No such key found\n");
    expect(await ask("GET", "a")).toEqual({ code: 3, stdout: "No such key found\n", stderr: "" });
  });

  test("JSON says it all", async () => {
    await ask("PUT", "j=son");
    const parsed = async (...words: string[]) => JSON.parse((await ask("--json", ...words)).stdout);
    const ms = expect.any(Number);
    expect(await parsed("GET", "j")).toMatchObject({
      request: ["GET", "j"],
      reply: "son",
      source: "miss",
      ms,
    });
    expect(await parsed("GET", "j")).toEqual({
      request: ["GET", "j"],
      reply: "son",
      source: "hit",
      ageMs: ms,
      ms,
    });
    expect(await parsed("GET", "no such key")).toMatchObject({ reply: null });
    const failed = await ask("--json", "SET", "a");
    expect(failed.code).toBe(1);
    expect(JSON.parse(failed.stdout)).toEqual({
      request: ["SET", "a"],
      error: "ERR wrong number of arguments for 'set' command",
      source: null,
      ms,
    });
  });

  test("an error of the server is a message, and exit code 1", async () => {
    expect(await ask("SET", "a")).toEqual({
      code: 1,
      stdout: "",
      stderr: "glasscache client: ERR wrong number of arguments for 'set' command\n",
    });
  });

  test("wrong usage is a message, and exit code 2", async () => {
    expect(await ask("PUT", "a")).toEqual({
      code: 2,
      stdout: "",
      stderr: "glasscache client: PUT needs a value after the key: PUT key=value\n",
    });
    const { code, stderr } = await runGlasscache(["client", "--host", "localhost:9090", "GET", "a"]);
    expect(code).toBe(2);
    expect(stderr).toBe(
      'glasscache client: --host: "localhost:9090" is not a host\'s name or address; the port goes to --port\n',
    );
  });

  test("no server: its address, and advice", async () => {
    const port = await freePort();
    const { code, stdout, stderr } = await runGlasscache(["client", "--port", String(port), "GET", "a"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toBe(
      `glasscache client: cannot connect to localhost:${port}: connection refused; nothing listens there; ` +
        `start one with: glasscache proxy --port ${port}\n`,
    );
  });

  test("passwords", async () => {
    await using guarded = await startGlasscache(["server", "--engine", "memory"], {
      env: { GLASSCACHE_PASSWORD: "s3cret" },
    });
    const port = ["--host", "127.0.0.1", "--port", String(guarded.port)];
    expect((await runGlasscache(["client", ...port, "GET", "a"])).stderr).toBe(
      `glasscache client: 127.0.0.1:${guarded.port} requires a password; ` +
        "give --password-file, GLASSCACHE_PASSWORD or --password\n",
    );
    expect((await runGlasscache(["client", ...port, "--password", "wrong", "GET", "a"])).stderr).toBe(
      `glasscache client: 127.0.0.1:${guarded.port} does not accept the password\n`,
    );
    const env = { GLASSCACHE_PASSWORD: "s3cret" };
    expect((await runGlasscache(["client", ...port, "GET", "a"], { env })).stdout).toBe(
      "No such key found\n",
    );
  });

  test("no reply in time", async () => {
    await using silent = await FakeServer.start(() => undefined);
    const args = ["client", "--host", "127.0.0.1", "--port", String(silent.port), "--timeout", "1s"];
    const { code, stderr } = await runGlasscache([...args, "PUT", "a=b"]);
    expect(code).toBe(1);
    expect(stderr).toBe(
      `glasscache client: no reply from 127.0.0.1:${silent.port} within 1000 ms; ` +
        "whether it took effect is unknown\n",
    );
  });
});

describe("a script on standard input", () => {
  test("replies in order, one per line, errors among them", async () => {
    const { code, stdout } = await script(
      "PUT s1=one two\n\n# a remark\nGET s1\nPUT\nTTL s1\nFOO\nDELETE s1\nGET s1",
    );
    expect(code).toBe(1);
    expect(stdout.split("\n")).toEqual([
      "OK",
      "one two",
      "ERROR PUT needs a key and a value: PUT key=value",
      "-1",
      expect.stringMatching(/^ERROR unknown command 'FOO'/),
      "OK",
      "No such key found",
      "",
    ]);
    expect((await script("PUT s2=x\nGET s2\nQUIT\nFOO\n")).code).toBe(0);
    expect(await script("")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("many requests are in progress at once", async () => {
    const count = 5_000;
    const lines = Array.from({ length: count }, (_, i) => `PUT m${i}=${i}\nGET m${i}\n`).join("");
    const { code, stdout } = await script(lines);
    expect(code).toBe(0);
    expect(stdout).toBe(Array.from({ length: count }, (_, i) => `OK\n${i}\n`).join(""));
    await ask("FLUSHALL");
  });

  test("JSON, without passwords", async () => {
    const { stdout } = await script("PUT p=1\nAUTH s3cret\n", "--json");
    const [put, auth] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(put).toMatchObject({ request: ["PUT", "p", "1"], reply: "OK" });
    expect(auth.request).toEqual(["AUTH", "(hidden)"]);
    expect(stdout).not.toContain("s3cret");
  });

  test("replies are printed as soon as they arrive, while the input goes on", async () => {
    const child = Bun.spawn([LAUNCHER, ...target()], {
      env: cleanEnvironment(),
      stdin: "pipe",
      stdout: "pipe",
    });
    const reader = child.stdout.getReader();
    child.stdin.write("PUT slow=1\n");
    await child.stdin.flush();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("OK\n");
    child.stdin.write("GET slow");
    await child.stdin.end();
    expect(new TextDecoder().decode((await reader.read()).value)).toBe("1\n");
    expect(await child.exited).toBe(0);
  });

  test("the loss of the connection ends it", async () => {
    await using cutting = await FakeServer.start((args, peer) => {
      if (args[1] !== "cut") return "+OK\r\n";
      peer.cut();
      return undefined;
    });
    const { code, stdout } = await runGlasscache(
      ["client", "--host", "127.0.0.1", "--port", String(cutting.port)],
      { stdin: "PUT a=1\nPUT cut=2\n" },
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(
      /^OK\nERROR connection to .* lost: .*; whether the request took effect is unknown\n$/,
    );
  });
});

describe("bytes", () => {
  test("are read and printed unchanged", async () => {
    const every = Uint8Array.from({ length: 256 }, (_, i) => i);
    const quoted = Array.from(every, (byte) => `\\x${byte.toString(16).padStart(2, "0")}`).join("");
    expect((await script(`PUT all "${quoted}"\nPUT "all" "${quoted}"\n`)).stdout).toBe("OK\nOK\n");
    const exact = await runGlasscacheForBytes([...target(), "--exact", "GET", "all"]);
    expect(exact.stdout).toEqual(every);
    const line = await runGlasscacheForBytes([...target(), "GET", "all"]);
    expect(line.stdout).toEqual(Uint8Array.of(...every, 0x0a));
    const raw = Buffer.from("PUT raw=\xff\xfe\x00\xa0\nGET raw\n", "latin1");
    const back = await runGlasscacheForBytes(target(), { stdin: raw });
    expect(Buffer.from(back.stdout).toString("latin1")).toBe("OK\n\xff\xfe\x00\xa0\n");
    await ask("FLUSHALL");
  });
});

describe("a dump", () => {
  const count = 3000;
  beforeAll(async () => {
    await ask("FLUSHALL");
    await script(Array.from({ length: count }, (_, i) => `PUT d${i}=väl"ue ${i}\n`).join(""));
  });
  const expected = Object.fromEntries(Array.from({ length: count }, (_, i) => [`d${i}`, `väl"ue ${i}`]));

  test("is one JSON object in one line", async () => {
    const { code, stdout } = await ask("DUMP");
    expect(code).toBe(0);
    expect(stdout.indexOf("\n")).toBe(stdout.length - 1);
    expect(JSON.parse(stdout)).toEqual(expected);
  });

  test("distinguishes keys that are not text", async () => {
    await using other = await startGlasscache(["server", "--engine", "memory"]);
    const args = ["client", "--host", "127.0.0.1", "--port", String(other.port)];
    const keys = ["\\xff", "\\xfe", "\\xef\\xbf\\xbd", "\\xed\\xa0\\x80", "a\\x00"];
    await runGlasscache(args, { stdin: keys.map((key) => `PUT "${key}" "${key}"\n`).join("") });
    const dumped = JSON.parse((await runGlasscache([...args, "DUMP"])).stdout) as Record<string, string>;
    const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");
    const found = Object.entries(dumped).map(([key, value]) => [
      hex(dumpedBytes(key)),
      hex(dumpedBytes(value)),
    ]);
    const expected = ["eda080", "efbfbd", "fe", "ff", "6100"];
    expect(found.sort()).toEqual(expected.map((key) => [key, key]).sort());
    const lines = (await runGlasscache([...args, "--json", "DUMP"])).stdout.trim().split("\n");
    expect(new Set(lines).size).toBe(keys.length);
  });

  test("or, with --json, one object for each entry", async () => {
    const { stdout } = await ask("--json", "DUMP");
    const entries = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(entries).toHaveLength(count);
    expect(Object.fromEntries(entries.map(({ key, value }) => [key, value]))).toEqual(expected);
  });

  test("in a script it keeps its place", async () => {
    const { stdout } = await script(`PUT d0=new\nDUMP\nDELETE d0\nPUT d0=${expected["d0"]}\n`);
    const [first, dump, ...rest] = stdout.split("\n");
    expect([first, ...rest]).toEqual(["OK", "OK", "OK", ""]);
    expect(JSON.parse(dump!)).toEqual({ ...expected, d0: "new" });
  });

  test("that breaks off is an error; the line it had begun is ended", async () => {
    await using cutting = await FakeServer.start(([name, cursor], peer) => {
      if (name === "SCAN" && cursor === "0") return "*2\r\n$1\r\n1\r\n*1\r\n$1\r\na\r\n";
      if (name === "MGET") return "*1\r\n$1\r\nb\r\n";
      if (name !== "PING") peer.cut();
      return "+PONG\r\n";
    });
    const args = ["client", "--host", "127.0.0.1", "--port", String(cutting.port)];
    const once = await runGlasscache([...args, "DUMP"]);
    expect(once.code).toBe(1);
    expect(once.stdout).toMatch(/^\{.*\n$/);
    expect(once.stderr).toMatch(/^glasscache client: connection to .* lost/);
    const inScript = await runGlasscache(args, { stdin: "PING\nDUMP\nPING\n" });
    expect(inScript.code).toBe(1);
    expect(inScript.stdout).toMatch(/^PONG\n\{.*\nERROR connection to .*\n$/);
  });

  test("a reader that closes the pipe ends it quietly", async () => {
    const pipe = (command: string) =>
      Bun.spawnSync(["bash", "-c", `set -o pipefail; ${command}`], { env: cleanEnvironment() });
    const client = [LAUNCHER, ...target()].map((word) => `'${word}'`).join(" ");
    const dump = pipe(`${client} --json DUMP | head -n 1`);
    expect({ code: dump.exitCode, stderr: dump.stderr.toString() }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(dump.stdout.toString())).toHaveProperty("key");
    const many = pipe(`yes 'GET d1' | head -n 50000 | ${client} | head -n 1`);
    expect({ out: many.stdout.toString(), err: many.stderr.toString() }).toEqual({
      out: 'väl"ue 1\n',
      err: "",
    });
  });
});

describe("interactive", () => {
  const directory = new TemporaryDirectory();
  afterAll(() => directory[Symbol.dispose]());
  const historyFile = join(directory.path, "glasscache/history");
  const start = (port: number, env: Record<string, string> = {}) =>
    new TerminalSession(["client", "--host", "127.0.0.1", "--port", String(port)], {
      XDG_STATE_HOME: directory.path,
      ...env,
    });

  test("replies show their source and their time, in colour", async () => {
    await ask("FLUSHALL");
    await using session = start(proxy.port);
    await session.until("> ");
    session.type("PUT shashank=softwareEngineer\r");
    await session.until("\x1b[33m{Backend Server}\x1b[0m : OK  \x1b[90m(");
    await session.until(" ms)\x1b[0m");
    session.type("GET shashank\r");
    await session.until("\x1b[33m{Backend Server}\x1b[0m : softwareEngineer");
    session.type("GET shashank\r");
    await session.until("\x1b[32m{Proxy Server}\x1b[0m : softwareEngineer");
    await session.until("cached for ");
    session.type("MGET shashank nope\r");
    await session.until('1) "softwareEngineer"\r\n2) (nil)');
    session.type("FOO\r");
    await session.until("\x1b[31mERROR\x1b[0m unknown command 'FOO'");
    session.type("help\r");
    await session.until("completes commands");
    session.type("QUIT\r");
    expect(await session.exited).toBe(0);
  });

  test("NO_COLOR", async () => {
    await using session = start(proxy.port, { NO_COLOR: "1" });
    await session.until("> ");
    session.type("PUT a=b\r");
    await session.until("{Backend Server} : OK  (");
    expect(session.shown).not.toContain("\x1b[3");
    session.type("\x04");
    expect(await session.exited).toBe(0);
  });

  test("history is kept, without passwords; verbs are completed", async () => {
    await using session = start(proxy.port);
    await session.until("> ");
    session.type("GET histo\r");
    await session.until("No such key found");
    session.type("AUTH s3cret\r");
    await session.until("ERROR");
    await session.until("> ");
    session.type("\x1b[A");
    await session.until("GET histo");
    session.type("\r");
    await session.until("No such key found");
    session.type("dele\t");
    await session.until("delete ");
    session.type("histo\r");
    await session.until("No such key found");
    session.type("\x04");
    expect(await session.exited).toBe(0);
    const lines = readFileSync(historyFile, "utf8").trim().split("\n");
    expect(lines.slice(-3)).toEqual(["GET histo", "GET histo", "delete histo"]);
    expect(readFileSync(historyFile, "utf8")).not.toContain("s3cret");
    await using later = start(proxy.port);
    await later.until("> ");
    later.type("\x1b[A\x1b[A");
    await later.until("GET histo");
  });

  test("Ctrl-C cancels the request, then clears the line, then ends", async () => {
    await using slow = await FakeServer.start(([name, key]) => {
      if (name === "COMMAND") return "*0\r\n";
      return key === "never" ? undefined : bulk("there");
    });
    await using session = start(slow.port, { GLASSCACHE_TIMEOUT: "0" });
    await session.until("> ");
    session.type("GET never\r");
    // After INFO for the greeting and COMMAND for completion.
    await slow.received(3);
    session.type("\x03");
    await session.until("disconnected");
    await session.until("> ");
    session.type("GET again\r");
    await session.until("there");
    expect(slow.peers).toHaveLength(2);
    await session.until("> ");
    session.type("GET half");
    await session.until("GET half");
    session.type("\x03");
    await session.until("> ");
    session.type("GET more\r");
    await session.until("there");
    expect(slow.requests.at(-1)).toEqual(["GET", "more"]);
    await session.until("> ");
    session.type("\x03");
    expect(await session.exited).toBe(0);
  });

  test("pasted lines run one after the other; the client reconnects after a loss", async () => {
    await using cutting = await FakeServer.start(([name, key], peer) => {
      if (name === "COMMAND") return "*0\r\n";
      if (key !== "cut") return bulk(`value of ${key}`);
      peer.cut();
      return undefined;
    });
    await using session = start(cutting.port);
    await session.until("> ");
    session.type("GET 1\rGET cut\rGET 2\r");
    await session.until("value of 1");
    await session.until("lost: ");
    await session.until("disconnected");
    await session.until("value of 2");
  });

  test("stored values cannot control the terminal", async () => {
    await script('PUT evil "\\x1b[31mred"\n');
    await using session = start(proxy.port);
    await session.until("> ");
    session.type("GET evil\r");
    await session.until(": \\x1b[31mred");
  });

  test("nor by errors, keys and values of a server, with --json and in a dump neither", async () => {
    // Possible in a one-line reply; and a key and a value with controls of both kinds (C1 as UTF-8).
    const evil = "\x1b]0;t\x07\x9b31m\x7f\r";
    await using hostile = await FakeServer.start(([name]) => {
      if (name === "SCAN") return `*2\r\n$1\r\n0\r\n*1\r\n${bulk(evil)}`;
      if (name === "MGET") return `*1\r\n${bulk(evil)}`;
      if (name === "GET") return bulk(evil);
      if (name === "COMMAND") return `*1\r\n${bulk("GE\x1b]0;t\x07")}`;
      if (name === "LRANGE") return `*2\r\n-ERR \x1b[31m\r\n${bulk(evil)}`;
      return Buffer.from(`-ERR ${evil.replace("\r", "")}\r\n`);
    });
    const args = ["client", "--host", "127.0.0.1", "--port", String(hostile.port)];
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern looks for them
    const controls = /[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)/;
    for (const [words, shown] of [
      [["DUMP"], '"\\u001b]0;t\\u0007\\u009b31m\\u007f\\r":"'],
      [["--json", "DUMP"], '"key":"\\u001b]0;t\\u0007\\u009b31m\\u007f\\r"'],
      [["--json", "GET", "a"], '"reply":"\\u001b]0;t\\u0007\\u009b31m\\u007f\\r"'],
      [["--exact", "GET", "a"], "\\x1b]0;t\\x07\\xc2\\x9b31m\\x7f\\r"],
      [["LRANGE", "a", "0", "1"], "(error) ERR \\x1b[31m"],
      [["INCR", "a"], "ERR \\x1b]0;t\\x07\\xc2\\x9b31m\\x7f"],
      [["--json", "INCR", "a"], '"error":"ERR \\u001b]0;t\\u0007\\u009b31m\\u007f"'],
    ] as [string[], string][]) {
      await using session = new TerminalSession([...args, ...words], { NO_COLOR: "1" });
      await session.until(shown);
      await session.exited;
      expect(session.shown.slice(session.shown.indexOf(shown))).not.toMatch(controls);
    }
    // In a pipe values are printed as stored; errors are cleaned there, too.
    expect((await runGlasscache([...args, "--exact", "GET", "a"])).stdout).toBe("\x1b]0;t\x07\x9b31m\x7f\r");
    const error = "ERR \\x1b]0;t\\x07\\xc2\\x9b31m\\x7f";
    expect((await runGlasscache([...args, "INCR", "a"])).stderr).toBe(`glasscache client: ${error}\n`);
    expect((await runGlasscache(args, { stdin: "INCR a\nLRANGE a 0 1\n" })).stdout).toBe(
      `ERROR ${error.slice(4)}\nERROR ERR \\x1b[31m\n\x1b]0;t\x07\x9b31m\x7f\r\n`,
    );
  });
});
