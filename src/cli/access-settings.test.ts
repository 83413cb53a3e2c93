/** `--users`: at the start, at SIGHUP, and what is said of mistakes. */
import { afterAll, describe, expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cleanEnvironment, runGlasscache } from "../../test/support/command-line.ts";
import { Program, TemporaryDirectory } from "../../test/support/program.ts";
import { RespClient } from "../../test/support/resp-client.ts";

const LAUNCHER = join(import.meta.dir, "../../bin/glasscache");

// Processes start slowly on a busy machine.
setDefaultTimeout(30_000);

const directory = new TemporaryDirectory();
afterAll(() => directory[Symbol.dispose]());

const ADMIN = "user admin on >adm ~* &* +@all\n";

function file(name: string, text: string): string {
  const path = join(directory.path, name);
  writeFileSync(path, text);
  return path;
}

describe("mistakes are one line, and end with 2", () => {
  const seventh = `${"user a%on\n".replace("%", "1 ")}\nuser b on\nuser c on\nuser d on\n\n`;
  const cases: [string, () => string[], string][] = [
    [
      "in line 7",
      () => ["--users", file("seven.acl", `${seventh}user e on +gett\n`)],
      "--users: FILE:7: Error in applying operation '+gett': Unknown command or category name in ACL.",
    ],
    [
      "a password is never repeated",
      () => ["--users", file("secret.acl", "user a on #sesame\n")],
      "--users: FILE:1: The password hash must be exactly 64 characters and contain only lowercase hexadecimal characters.",
    ],
    [
      "no such file",
      () => ["--users", join(directory.path, "none.acl")],
      "--users: Error loading ACLs, opening file 'FILE': no such file or directory",
    ],
    [
      "a directory",
      () => ["--users", directory.path],
      "--users: Error loading ACLs, opening file 'FILE': illegal operation on a directory",
    ],
    [
      "too large",
      () => ["--users", file("large.acl", `user a on ~${"k".repeat(2 ** 20)}\n`)],
      "--users: FILE: has 1048588 bytes; users may take 1048576",
    ],
    [
      "two passwords of the default user",
      () => ["--users", file("both.acl", `${ADMIN}user default on >x ~* +@all\n`), "--password", "y"],
      "--users: FILE: has a line for the user default, whose password is given apart, too; give it once",
    ],
    [
      "open to other machines",
      () => ["--users", file("open.acl", ADMIN), "--host", "0.0.0.0"],
      "--host: without a password, listening on 0.0.0.0 would let anybody who reaches it read and write; " +
        "give --password-file, or a line for the user default in the file of users, listen on localhost, or allow it " +
        "by --protected-mode no",
    ],
  ];

  test.each(cases)("%s", async (_, args, message) => {
    const given = args();
    const path = given[1]!;
    for (const service of ["server", "proxy"]) {
      for (const more of [[], ["--check"]]) {
        const ran = await runGlasscache([service, "--port", "0", ...given, ...more]);
        const stderr = ran.stderr.replaceAll(path, "FILE");
        expect([ran.code, ran.stdout, stderr]).toEqual([2, "", `glasscache ${service}: ${message}\n`]);
      }
    }
  });
});

describe.each(["server", "proxy", "proxy --threads 2"])("%s", (service) => {
  async function start(args: readonly string[]) {
    return Program.start(
      [LAUNCHER, ...service.split(" "), ...args, "--port", "0", "--admin", "localhost:0"],
      (line) => {
        const ports = { port: /listening on [^ ]*:(\d+)/.exec(line)?.[1] };
        return ports.port === undefined ? undefined : Number(ports.port);
      },
      { env: cleanEnvironment() },
    );
  }

  test("SIGHUP reads the file again: all of it, or nothing", async () => {
    const path = file(`${service}.acl`, `user default off\n${ADMIN}user app on >app +ping\n`);
    const memory = service === "server" ? ["--engine", "memory"] : [];
    const { program, ready: port } = await start([...memory, "--users", path]);
    await using _ = program;
    const said = async (text: string) => {
      while (!program.output.includes(text)) await Bun.sleep(5);
    };
    using app = await RespClient.connect({ port });
    await app.must("AUTH", "app", "app");
    expect(await app.ask("PING")).toBe("PONG");
    using admin = await RespClient.connect({ port });
    await admin.must("AUTH", "admin", "adm");
    writeFileSync(path, "user default off\nuser app on >app +pong\n");
    program.signal("SIGHUP");
    await said("nothing was changed: --users: ");
    expect(await app.ask("PING")).toBe("PONG");
    writeFileSync(path, `user default off\n${ADMIN}user app on >app -ping\n`);
    program.signal("SIGHUP");
    await said("3 users were read again from ");
    await expect(app.must("PING")).rejects.toThrow("no permissions to run the 'ping' command");
    // The file is what it was, so what has been changed since stays.
    await admin.must("ACL", "SETUSER", "app", "+ping");
    program.signal("SIGHUP");
    await said("the settings are what they were");
    expect(await app.ask("PING")).toBe("PONG");
    chmodSync(path, 0o644);
  });

  test("who forgets the default user is told", async () => {
    const path = file(`${service}-open.acl`, ADMIN);
    const memory = service === "server" ? ["--engine", "memory"] : [];
    const { program } = await start([...memory, "--users", path]);
    await using _ = program;
    while (!program.output.includes("clients that do not authenticate may do everything")) await Bun.sleep(5);
  });
});

test("the admin port shows everything to users who may see everything", async () => {
  const path = file("admin-port.acl", `user default off\n${ADMIN}user app on >app ~app:* +@all\n`);
  const { program } = await Program.start(
    [LAUNCHER, "proxy", "--users", path, "--port", "0", "--admin", "localhost:0"],
    (line) => (line.includes("listening on") ? true : undefined),
    { env: cleanEnvironment() },
  );
  await using _ = program;
  while (!/admin port localhost:\d+/.test(program.output)) await Bun.sleep(5);
  const port = /admin port localhost:(\d+)/.exec(program.output)![1];
  const get = async (credentials?: string) => {
    const authorization = `Basic ${Buffer.from(credentials ?? "").toString("base64")}`;
    const headers: Record<string, string> = credentials === undefined ? {} : { authorization };
    return (await fetch(`http://127.0.0.1:${port}/api/counters`, { headers })).status;
  };
  expect([await get(), await get("admin:adm"), await get("app:app"), await get("admin:app")]).toEqual([
    401, 200, 403, 401,
  ]);
  const metrics = await fetch(`http://127.0.0.1:${port}/metrics`, {
    headers: { authorization: `Basic ${Buffer.from("admin:adm").toString("base64")}` },
  });
  expect(await metrics.text()).toContain("glasscache_connections");
});
