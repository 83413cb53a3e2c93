import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { requireProgram } from "../support/requirements.ts";
import {
  eachTarget,
  hasAllOfRedis,
  mayRunScripts,
  redisOptions,
  startTarget,
  type Target,
} from "./targets.ts";

const cli = requireProgram("redis-cli");

/** Mass insertion takes the protocol itself. */
function respCommand(...args: string[]): string {
  return `*${args.length}\r\n${args.map((argument) => `$${argument.length}\r\n${argument}\r\n`).join("")}`;
}

eachTarget((kind, title, canRun) => {
  describe.skipIf(!canRun || !cli.available)(cli.title(`redis-cli with ${title}`), () => {
    let target: Target;
    beforeAll(async () => {
      target = await startTarget(kind);
    });
    afterAll(() => target[Symbol.asyncDispose]());

    /** Runs redis-cli to its end. @returns what it printed */
    const run = async (args: readonly string[], input?: string): Promise<string> => {
      const child = Bun.spawn([cli.path, "--no-auth-warning", ...redisOptions(target), ...args], {
        stdin: input === undefined ? "ignore" : Buffer.from(input),
        stdout: "pipe",
        stderr: "pipe",
      });
      const [output, errors] = await Promise.all([
        new Response(child.stdout).text(),
        new Response(child.stderr).text(),
      ]);
      await child.exited;
      return output + errors;
    };

    test("one command a call, in RESP2 and RESP3", async () => {
      for (const version of ["-2", "-3"]) {
        expect(await run([version, "SET", "key", "a value"])).toBe("OK\n");
        expect(await run([version, "GET", "key"])).toBe("a value\n");
        expect(await run([version, "GET", "key"])).toBe("a value\n");
        expect(await run([version, "GET", "nothing"])).toBe("\n");
        expect(await run([version, "--no-raw", "GET", "nothing"])).toBe("(nil)\n");
        expect(await run([version, "--no-raw", "MGET", "key", "nothing"])).toBe('1) "a value"\n2) (nil)\n');
        expect(await run([version, "INCR", "key"])).toContain("ERR value is not an integer or out of range");
        expect(await run([version, "DEL", "key"])).toBe("1\n");
      }
    });

    test("a script from standard input, and a value from there", async () => {
      expect(await run([], "SET a 1\nINCR a\nMULTI\nINCR a\nINCR a\nEXEC\nGET a\n")).toBe(
        "OK\n2\nOK\nQUEUED\nQUEUED\n3\n4\n4\n",
      );
      expect(await run(["-x", "SET", "from input"], "line one\nline two\n")).toBe("OK\n");
      expect(await run(["GET", "from input"])).toBe("line one\nline two\n\n");
    });

    test("mass insertion", async () => {
      const commands = Array.from({ length: 5000 }, (_, i) =>
        respCommand("SET", `mass:${i}`, String(i)),
      ).join("");
      expect(await run(["--pipe"], commands)).toContain("errors: 0, replies: 5000");
      expect(await run(["GET", "mass:4999"])).toBe("4999\n");
    });

    test("mass insertion of inline commands", async () => {
      const commands = Array.from({ length: 5000 }, (_, i) => `SET inline:${i} ${i}\r\n`).join("");
      expect(await run(["--pipe"], commands)).toContain("errors: 0, replies: 5000");
      expect(await run(["--pipe"], `\r\n\n${commands}GET inline:1\n`)).toContain("errors: 0, replies: 5001");
      expect(await run(["GET", "inline:4999"])).toBe("4999\n");
    });

    test("walks through all keys", async () => {
      await run(["MSET", "walk:1", "x", "walk:2", "xx", "walk:3", "xxx"]);
      const keys = await run(["--scan", "--pattern", "walk:*"]);
      expect(keys.trim().split("\n").sort()).toEqual(["walk:1", "walk:2", "walk:3"]);
      expect(await run(["--bigkeys"])).toContain("Biggest string found");
      expect(await run(["--memkeys"])).toContain("Biggest string found");
    });

    test("statistics, as `--stat` and INFO show them", async () => {
      const stat = Bun.spawn([cli.path, ...redisOptions(target), "--stat", "-i", "0.005"], {
        stdin: "ignore",
        stdout: "pipe",
        stderr: "ignore",
      });
      let output = "";
      for await (const chunk of stat.stdout) {
        output += Buffer.from(chunk).toString();
        if (output.split("\n").length > 5) break;
      }
      stat.kill();
      await stat.exited;
      expect(output).toContain("keys       mem      clients blocked requests            connections");
      expect(output).toMatch(/\n\d+ +[\d.]+[BKMG] +\d+ +\d+ +\d+ \(\+\d+\) +\d+/);
      expect(await run(["INFO", "server"])).toMatch(/^redis_version:\d+\.\d+\.\d+/m);
      expect(await run(["INFO", "stats"])).toMatch(/^keyspace_hits:\d+/m);
    });

    test("names of commands and help come from the server", async () => {
      expect(await run(["COMMAND", "INFO", "get"])).toContain("get\n");
      expect(Number(await run(["COMMAND", "COUNT"]))).toBeGreaterThan(30);
      expect(await run(["PING"])).toBe("PONG\n");
      expect(await run(["PING", "hello"])).toBe("hello\n");
    });

    if (!hasAllOfRedis(kind)) return;

    test("types that only Redis has", async () => {
      expect(await run(["HSET", "h", "f", "v"])).toBe("1\n");
      expect(await run(["-3", "HGETALL", "h"])).toBe("f v\n");
      expect(await run(["RPUSH", "l", "1", "2"])).toBe("2\n");
      expect(await run(["LRANGE", "l", "0", "-1"])).toBe("1\n2\n");
      const script = ["EVAL", "return redis.call('LLEN', KEYS[1])", "1", "l"];
      if (mayRunScripts(kind)) expect(await run(script)).toBe("2\n");
      else expect(await run(script)).toContain("NOPERM scripts run at the origin");
      expect(await run(["XADD", "x", "1-0", "f", "v"])).toBe("1-0\n");
      expect(await run(["--no-raw", "OBJECT", "ENCODING", "h"])).toBe('"listpack"\n');
    });
  });
});
