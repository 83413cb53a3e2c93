import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { startRedis } from "./origins.ts";
import { Program, TemporaryDirectory } from "./program.ts";
import { requireProgram } from "./requirements.ts";
import { RespClient } from "./resp-client.ts";

const script = (text: string): string[] => [process.execPath, "-e", text];

describe("Program", () => {
  test("is started when its ready line comes, and ends when asked", async () => {
    const { program, ready } = await Program.start(
      script(`process.on("SIGTERM", () => process.exit(3)); setInterval(() => {}, 1000);
              console.error("one\\nport 17");`),
      (line) => /port (\d+)/.exec(line)?.[1],
    );
    expect(ready).toBe("17");
    expect(program.output).toBe("one\nport 17");
    expect(await program.end()).toBe(3);
  });

  test("that does not become ready is an error with its output", async () => {
    const never = (): undefined => undefined;
    await expect(Program.start(script(`console.log("bad luck"); process.exit(4)`), never)).rejects.toThrow(
      /ended with code 4\nbad luck/,
    );
    await expect(
      Program.start(script(`setInterval(() => {}, 1000)`), never, { readyWithinMs: 50 }),
    ).rejects.toThrow("was not ready within 50 ms");
  });

  test("that is stopped can still be killed", async () => {
    const { program } = await Program.start(
      script(`console.log("up"); setInterval(() => {}, 1000)`),
      (line) => line,
    );
    program.signal("SIGSTOP");
    await program.kill();
    expect(await program.exited()).toBe("SIGKILL");
  });

  test("temporary directories vanish", () => {
    let path = "";
    {
      using directory = new TemporaryDirectory();
      path = directory.path;
      expect(existsSync(path)).toBe(true);
    }
    expect(existsSync(path)).toBe(false);
  });
});

const redis = requireProgram("redis-server");

describe.skipIf(!redis.available)(redis.title("a real Redis"), () => {
  test("answers, dies, and comes back on the same port", async () => {
    await using server = await startRedis();
    using client = await RespClient.connect({ port: server.port, version: 3 });
    expect(
      await Promise.all([client.must("SET", "a", "1"), client.must("INCR", "a"), client.must("GET", "a")]),
    ).toEqual(["OK", 2, "2"]);
    await server.kill();
    await client.closed;
    await expect(client.ask("PING")).rejects.toThrow("ended");
    await server.restart();
    using again = await RespClient.connect({ port: server.port });
    expect(await again.ask("GET", "a")).toBeNull();
  });

  test("can be told to keep its data", async () => {
    await using server = await startRedis({ args: ["--appendonly", "yes", "--appendfsync", "no"] });
    using client = await RespClient.connect({ port: server.port });
    await client.must("SET", "a", "1");
    await server.kill();
    await server.restart();
    using again = await RespClient.connect({ port: server.port });
    expect(await again.must("GET", "a")).toBe("1");
  });
});
