/** `glasscache client` on a terminal: its screens and its keys. */
import { afterAll, beforeAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { cleanEnvironment, runGlasscache, TerminalSession } from "../../test/support/command-line.ts";
import { type RunningServer, startGlasscache } from "../../test/support/origins.ts";
import { TemporaryDirectory } from "../../test/support/program.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { screenOf } from "../../test/support/screen.ts";
import { FakeServer } from "../client/fake-server-fixture.ts";

const LAUNCHER = join(import.meta.dir, "../../bin/glasscache");

// Processes start slowly on a busy machine.
setDefaultTimeout(30_000);

let server: RunningServer;
let proxy: RunningServer;
let guarded: RunningServer;
const directory = new TemporaryDirectory();

beforeAll(async () => {
  server = await startGlasscache(["server", "--engine", "memory"]);
  proxy = await startGlasscache(["proxy", "--threads", "1", "--origin", `127.0.0.1:${server.port}`]);
  guarded = await startGlasscache(["server", "--engine", "memory"], {
    env: { GLASSCACHE_PASSWORD: "s3cret" },
  });
});

afterAll(async () => {
  await proxy[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  await guarded[Symbol.asyncDispose]();
  directory[Symbol.dispose]();
});

function start(port: number, size: { columns?: number; rows?: number } = {}, ...words: string[]) {
  const args = ["client", "--host", "127.0.0.1", "--port", String(port), ...words];
  return new TerminalSession(args, { XDG_STATE_HOME: directory.path, NO_COLOR: "1" }, size);
}

/** Presses Tab once the text before it has appeared: a Tab among other keys counts as pasted text. */
async function tab(session: TerminalSession, before: string): Promise<void> {
  session.type(before);
  await session.until(before);
  session.type("\t");
}

describe.each([40, 80, 200])("at %d columns", (columns) => {
  test("the greeting says which server replies, and shows the commands", async () => {
    await using session = start(proxy.port, { columns });
    await session.until("> ");
    const lines = screenOf(session.shown, columns);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(columns);
    const text = lines.join(" ").replaceAll(/ +/g, " ");
    expect(text).toStartWith(
      `Connected to 127.0.0.1:${proxy.port}: a Glasscache proxy in front of a Glasscache server `,
    );
    expect(text).toContain(
      "PUT key=value, GET key, DELETE key, DUMP, any command of Redis. HELP shows more, QUIT ends.",
    );
    // No word is cut.
    expect(lines.some((line) => /^[a-z]*Glassc?$|Redi$/.test(line))).toBe(false);
    expect(lines.at(-1)).toBe(`127.0.0.1:${proxy.port}>`);
  });

  test("Ctrl-R finds an earlier line", async () => {
    await using session = start(server.port, { columns });
    await session.until("> ");
    session.type("SET found 1\r");
    await session.until("OK");
    await session.until("> ");
    session.type("GET other\r");
    await session.until("No such key found");
    await session.until("> ");
    session.type("typed\x12");
    await session.until("(search)");
    session.type("foun");
    await session.until("(search) foun: SET found 1");
    session.type("\x12");
    await session.until("(not found)");
    session.type("\x07");
    // A cancelled search restores the line.
    await session.until("> typed");
    session.type("\x12SET f");
    await session.until("(search) SET f: SET found 1");
    expect(screenOf(session.shown, columns).at(-1)).toBe("(search) SET f: SET found 1");
    session.type("\r");
    await session.until("OK");
    expect(screenOf(session.shown, columns).at(-2)).toStartWith("OK  (");
    expect(screenOf(session.shown, columns).at(-3)).toBe(`127.0.0.1:${server.port}> SET found 1`);
    session.type("\x04");
    expect(await session.exited).toBe(0);
  });

  test("a long value is shown a page at a time", async () => {
    using writer = await RespClient.connect({ port: server.port });
    await writer.ask("SET", "long", `${"word ".repeat(columns * 2)}end`);
    await using session = start(server.port, { columns, rows: 6 });
    await session.until("> ");
    session.type("GET long\r");
    await session.until("-- more");
    const page = screenOf(session.shown, columns).slice(-6);
    expect(page.at(-1)).toBe(
      columns === 40
        ? "-- more: Space, Enter, A, Q --"
        : "-- more: Space a page, Enter a line, A all, Q quit --",
    );
    expect(page[0]!.length).toBeGreaterThan(columns - 5);
    session.type(" ");
    await session.until("-- more");
    session.type("a");
    await session.until("end");
    await session.until("> ");
    session.type("GET long\r");
    await session.until("-- more");
    session.type("q");
    await session.until("> ");
    session.type("\x04");
    expect(await session.exited).toBe(0);
  });
});

describe("a password", () => {
  test("is typed without being shown", async () => {
    await using session = start(guarded.port);
    await session.until(`127.0.0.1:${guarded.port} requires a password: `);
    session.type("wrong\r");
    await session.until(`127.0.0.1:${guarded.port} does not accept the password: `);
    session.type("s3cret\r");
    await session.until("> ");
    session.type("PING\r");
    await session.until("PONG");
    expect(session.shown).not.toMatch(/wrong|s3cret/);
    session.type("\x04");
    expect(await session.exited).toBe(0);
  });

  test("is requested for a single command, too; Ctrl-C cancels it", async () => {
    await using session = start(guarded.port, {}, "PING");
    await session.until("requires a password: ");
    session.type("s3cret\r");
    await session.until("PONG");
    expect(await session.exited).toBe(0);
    await using given = start(guarded.port, {}, "PING");
    await given.until("requires a password: ");
    given.type("\x03");
    await given.until("requires a password; give --password-file");
    expect(await given.exited).toBe(1);
  });
});

describe("transactions", () => {
  test("show in the prompt; nothing else is sent meanwhile", async () => {
    await using session = start(proxy.port);
    await session.until("> ");
    session.type("MULTI\r");
    await session.until("(TX)> ");
    session.type("PUT tx=1\r");
    await session.until("QUEUED");
    await session.until("(TX)> ");
    session.type("DELETE tx\r");
    await session.until("QUEUED");
    await session.until("(TX)> ");
    // Completion does not ask the server, which would queue the request.
    await tab(session, "SET tx 2 KEEPT");
    await session.until("TL ");
    session.type("\r");
    await session.until("QUEUED");
    await session.until("(TX)> ");
    session.type("EXEC\r");
    await session.until("3) OK");
    expect(await session.until("> ")).not.toContain("4)");
    session.type("MULTI\r");
    await session.until("(TX)> ");
    session.type("DISCARD\r");
    await session.until("OK");
    expect(await session.until("> ")).toEndWith(`127.0.0.1:${proxy.port}`);
  });
});

describe("Tab", () => {
  test("completes verbs, subcommands, GLASS commands, options and keys", async () => {
    using writer = await RespClient.connect({ port: server.port });
    await writer.ask("SET", "completed:key", "1");
    await using session = start(proxy.port);
    await session.until("> ");
    await tab(session, "GLASS.EX");
    await session.until("PLAIN ");
    await tab(session, "compl");
    await session.until("eted:key ");
    session.type("\x15");
    await tab(session, "CONFIG GE");
    await session.until("T ");
    session.type("\x15");
    await tab(session, "SET a b KEEPT");
    await session.until("TL ");
    session.type("\x15");
    await tab(session, "get compl");
    await session.until("eted:key");
    session.type("\r");
    await session.until("1  (");
  });
});

describe("SUBSCRIBE and MONITOR", () => {
  test("go on until Ctrl-C; the console's own connection stays", async () => {
    using writer = await RespClient.connect({ port: server.port });
    await using session = start(server.port);
    await session.until("> ");
    session.type("SUBSCRIBE news\r");
    await session.until("subscribed to news; Ctrl-C ends");
    await writer.ask("PUBLISH", "news", "first\x1b[31m");
    await session.until("news: first\\x1b[31m");
    session.type("\x03");
    await session.until("> ");
    session.type("PING\r");
    await session.until("PONG");
    session.type("\x04");
    expect(await session.exited).toBe(0);
  });

  test("MONITOR's lines, one by one, and its refusal", async () => {
    await using fake = await FakeServer.start(([name], peer) => {
      if (name === "COMMAND") return "*0\r\n";
      if (name !== "MONITOR") return "+PONG\r\n";
      if (fake.requests.filter(([other]) => other === "MONITOR").length > 0) return "-NOPERM no\r\n";
      queueMicrotask(() => peer.write('+1.5 [0 127.0.0.1:1] "set" "a" "b"\r\n'));
      return "+OK\r\n";
    });
    await using session = start(fake.port);
    await session.until("> ");
    session.type("MONITOR\r");
    await session.until("every command is shown");
    await session.until('1.5 [0 127.0.0.1:1] "set" "a" "b"');
    session.type("\x03");
    await session.until("> ");
    session.type("MONITOR\r");
    await session.until("ERROR NOPERM no");
    await session.until("> ");
    session.type("PING\r");
    await session.until("PONG");
  });

  test("in a pipe they are values, one a line, until a signal", async () => {
    using writer = await RespClient.connect({ port: server.port });
    const child = Bun.spawn([LAUNCHER, "client", "--port", String(server.port), "SUBSCRIBE", "pipe"], {
      env: cleanEnvironment(),
      stdin: "ignore",
      stdout: "pipe",
    });
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let shown = "";
    const until = async (text: string) => {
      while (!shown.includes(text)) shown += (await reader.read()).value ?? "";
    };
    await until("subscribe\npipe\n1\n");
    await writer.ask("PUBLISH", "pipe", "a b");
    await until("message\npipe\na b\n");
    child.kill("SIGINT");
    expect(await child.exited).toBe(0);
  });

  test("the loss of the connection is an error", async () => {
    await using fake = await FakeServer.start((_, peer) => {
      queueMicrotask(() => peer.cut());
      return ">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n";
    });
    const args = ["client", "--host", "127.0.0.1", "--port", String(fake.port), "--json", "SUBSCRIBE", "a"];
    const { code, stdout, stderr } = await runGlasscache(args);
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toEqual({ request: ["SUBSCRIBE", "a"], push: ["subscribe", "a", 1] });
    expect(stderr).toMatch(/^glasscache client: connection to .* lost: /);
  });
});
