import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireProgram } from "../support/requirements.ts";
import { eachTarget, hasAllOfRedis, redisOptions, startTarget, type Target } from "./targets.ts";

const benchmark = requireProgram("redis-benchmark");

eachTarget((kind, title, canRun) => {
  describe.skipIf(!canRun || !benchmark.available)(benchmark.title(`redis-benchmark with ${title}`), () => {
    let target: Target;
    beforeAll(async () => {
      target = await startTarget(kind);
    });
    afterAll(() => target[Symbol.asyncDispose]());

    const strings = ["ping_inline", "ping_mbulk", "set", "get", "incr", "mset"];
    const others = ["lpush", "rpush", "lpop", "rpop", "sadd", "hset", "spop", "zadd", "lrange_100"];

    test.each([1, 16])("its own load, %i requests at once on each connection", async (depth) => {
      const names = hasAllOfRedis(kind) ? [...strings, ...others] : strings;
      const child = Bun.spawn(
        [
          benchmark.path,
          ...[...redisOptions(target), "-t", names.join(","), "-n", "2000", "-c", "20", "-r", "1000"],
          ...["-P", String(depth), "-d", "100", "--csv"],
        ],
        { stdin: "ignore", stdout: "pipe", stderr: "pipe" },
      );
      const [output, errors] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      expect(await child.exited).toBe(0);
      expect(errors).toBe("");
      const lines = output.trim().split("\n").slice(1);
      const ran = lines.map((line) => /^"([A-Z_]+)/.exec(line)?.[1]?.toLowerCase());
      // LRANGE fills its list first, and prints that too.
      for (const name of names) expect(ran).toContain(name === "lrange_100" ? "lrange_" : name);
      for (const line of lines) expect(Number(/^"[^"]*","([\d.]+)"/.exec(line)?.[1])).toBeGreaterThan(0);
    });
  });
});
