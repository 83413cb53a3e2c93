import { describe, expect, test } from "bun:test";
import { LocalServer } from "../../../test/support/local-server.ts";
import { startRedis } from "../../../test/support/origins.ts";
import { RawClient } from "../../../test/support/raw-client.ts";
import { RedisPair } from "../../../test/support/redis-comparison.ts";
import { requireProgram } from "../../../test/support/requirements.ts";
import { ManualClock } from "../../lib/clock.ts";
import { ReplyError } from "../../protocol/reply-value.ts";
import { mayDebug } from "../debug-access.ts";

const redis = requireProgram("redis-server");

describe.skipIf(!redis.available)(redis.title("DEBUG"), () => {
  test("answers as Redis's where it is allowed", async () => {
    await using theirs = await startRedis({ args: ["--enable-debug-command", "local"] });
    await using ours = new LocalServer({ debugAccess: "local" });
    const clients = await Promise.all([theirs.port, ours.port].map((port) => RawClient.connect(port)));
    const pair = new RedisPair(clients[0]!, clients[1]!, 2);
    for (const command of [
      "CONFIG GET enable-debug-command",
      "DEBUG",
      "DEBUG NOSUCH",
      "DEBUG ERROR",
      "DEBUG ERROR MINE",
      "DEBUG LOG",
      "DEBUG LOG text",
      "DEBUG SLEEP",
      "DEBUG SLEEP 0 0",
      "DEBUG sleep 0.001",
      "DEBUG SET-ACTIVE-EXPIRE",
      "DEBUG set-active-expire 0",
      "DEBUG SET-ACTIVE-EXPIRE 0",
      "DEBUG SET-ACTIVE-EXPIRE 1",
      "DEBUG SET-ACTIVE-EXPIRE 1 2",
    ]) {
      await pair.same(...command.split(" "));
    }
    await pair.same("DEBUG", "ERROR", "TWO lines\r\nhere");
    for (const client of clients) client.close();
  });
});

test("DEBUG is for those whom the setting names", async () => {
  const allowed = (["no", "local", "yes"] as const).map((access) => [
    mayDebug(access, true),
    mayDebug(access, false),
  ]);
  expect(allowed).toEqual([
    [false, false],
    [true, false],
    [true, true],
  ]);
  await using local = new LocalServer();
  const refusal = await (await local.client()).ask("DEBUG", "SLEEP", "0");
  expect((refusal as ReplyError).message).toStartWith("ERR DEBUG command not allowed.");
});

test("DEBUG SET-ACTIVE-EXPIRE 0 leaves expired keys until it is 1 again", async () => {
  const clock = new ManualClock();
  const removed = Promise.withResolvers<void>();
  await using local = new LocalServer({
    clock,
    debugAccess: "local",
    engine: { onRemoval: () => removed.resolve() },
  });
  const client = await local.client();
  let searches = 0;
  const removeExpired = local.engine.removeExpired.bind(local.engine);
  local.engine.removeExpired = (limit) => {
    searches++;
    return removeExpired(limit);
  };
  // It is on already: one search at a time is left, which the next request ends.
  await client.must("DEBUG", "SET-ACTIVE-EXPIRE", "1");
  await client.must("DEBUG", "SET-ACTIVE-EXPIRE", "0");
  await client.must("SET", "k", "v", "PX", "100");
  clock.advance(100);
  searches = 0;
  // Three times as long as the pause between two searches.
  await Bun.sleep(300);
  expect(searches).toBe(0);
  expect(await client.ask("DBSIZE")).toBe(1);
  expect(await client.ask("GET", "k")).toBeNull();
  await client.must("DEBUG", "SET-ACTIVE-EXPIRE", "1");
  await removed.promise;
  expect(await client.ask("DBSIZE")).toBe(0);
});

test("DEBUG refuses what it cannot do, and SLEEP stops the server for that long", async () => {
  await using local = new LocalServer({ debugAccess: "yes" });
  const client = await local.client();
  for (const seconds of ["x", "-1", "3601", "1e9", "NaN"]) {
    expect(await client.ask("DEBUG", "SLEEP", seconds)).toEqual(
      new ReplyError("ERR the argument must be a number of seconds from 0 to 3600"),
    );
  }
  for (const value of ["2", "-1", "on", ""]) {
    expect(await client.ask("DEBUG", "SET-ACTIVE-EXPIRE", value)).toEqual(
      new ReplyError("ERR the argument must be 0 or 1"),
    );
  }
  const startMs = performance.now();
  await client.must("DEBUG", "SLEEP", "0.05");
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(50);
});
