/** The password at the origin: where it comes from, and how it is changed without an outage. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { runGlasscache } from "../../test/support/command-line.ts";
import { startGlasscache, startRedis } from "../../test/support/origins.ts";
import { TemporaryDirectory } from "../../test/support/program.ts";
import { requireProgram } from "../../test/support/requirements.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { until } from "../../test/support/until.ts";

// Processes start slowly on a busy machine.
setDefaultTimeout(60_000);

const redis = requireProgram("redis-server");
const ORIGIN = "redis://app@127.0.0.1";

test("a user needs a password, in the address or in a file, and not in both", async () => {
  using directory = new TemporaryDirectory();
  const file = join(directory.path, "password");
  writeFileSync(file, "secret\n");
  const check = (...args: string[]) => runGlasscache(["proxy", "--check", "--origin", ...args]);
  const without = await check(ORIGIN);
  expect(without.stderr).toContain(
    "--origin: has a user without a password; --origin-password-file names a file that holds it",
  );
  expect(without.code).toBe(2);
  expect((await check(ORIGIN, "--origin-password-file", file)).code).toBe(0);
  const both = await check("redis://app:secret@127.0.0.1", "--origin-password-file", file);
  expect(both.stderr).toContain("--origin: holds a password already; give it once");
  expect(both.code).toBe(2);
});

describe.skipIf(!redis.available)(redis.title("the origin's password"), () => {
  test.each([1, 2])("is changed by SIGHUP, and its connections go on, %d threads", async (threads) => {
    using directory = new TemporaryDirectory();
    const file = join(directory.path, "password");
    writeFileSync(file, "old\n");
    await using origin = await startRedis();
    using direct = await RespClient.connect({ port: origin.port });
    await direct.must("ACL", "SETUSER", "app", "on", ">old", "~*", "&*", "+@all");
    const args = ["--origin", `${ORIGIN}:${origin.port}`, "--origin-password-file", file];
    await using proxy = await startGlasscache(["proxy", "--threads", String(threads), ...args]);
    const { program } = proxy;
    const said = (text: string, times = 1) =>
      until(() => program.output.split(text).length > times, `${text}, ${times} times`);
    using client = await RespClient.connect({ port: proxy.port });
    await client.must("SET", "k", "v");

    // A Redis takes several passwords for a user, so there is no moment without a valid one.
    await direct.must("ACL", "SETUSER", "app", ">new");
    writeFileSync(file, "\n");
    program.signal("SIGHUP");
    await said("nothing was changed: --origin-password-file:");
    writeFileSync(file, "new\n");
    program.signal("SIGHUP");
    await said("the password of the origin was read again, for new connections to it");
    await direct.must("ACL", "SETUSER", "app", "<old");
    // Its connections go on. Those that come later have the new password.
    expect(await client.must("GET", "k")).toBe("v");
    await direct.must("CLIENT", "KILL", "USER", "app");
    await said("connected to origin", 2);
    // A thread that was slow to learn the new password is refused once.
    await until(async () => (await client.ask("SET", "k", "w")) === "OK", "a write reaches the origin");
    expect(await client.must("GET", "k")).toBe("w");
  });
});
