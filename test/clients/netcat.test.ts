import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type RunningServer, startGlasscache } from "../support/origins.ts";
import { requireProgram } from "../support/requirements.ts";

const nc = requireProgram("nc");

describe.skipIf(!nc.available)(nc.title("netcat"), () => {
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

  /** Sends `input`, then half-closes (`-N`). @returns all that came back */
  const run = async (port: number, input: string): Promise<string> => {
    const child = Bun.spawn([nc.path, "-N", "127.0.0.1", String(port)], {
      stdin: Buffer.from(input),
      stdout: "pipe",
      stderr: "inherit",
    });
    return new Response(child.stdout).text();
  };

  test("sends lines and gets lines", async () => {
    expect(await run(proxy.port, "PUT a=1 = one\nGET a\nGET b\n")).toBe(
      [
        "{Backend Server} : OK",
        "{Backend Server} : 1 = one",
        "{Backend Server} : No such key found",
        "",
      ].join("\n"),
    );
    expect(await run(proxy.port, "GET a\nDELETE a\nGET a\nDUMP\n")).toBe(
      [
        "{Proxy Server} : 1 = one",
        "{Backend Server} : OK",
        "{Backend Server} : No such key found",
        "{}",
        "",
      ].join("\n"),
    );
    expect(await run(server.port, "put a=1\r\nget a\r\ndump\r\n")).toBe('OK\n1\n{"a":"1"}\n');
  });

  test("sends a request without a line feed", async () => {
    expect(await run(server.port, "PUT last=yes")).toBe("OK");
    expect(await run(proxy.port, "GET last")).toBe("{Backend Server} : yes");
  });

  test("hears what is wrong with a line, and goes on", async () => {
    const [first, second, third] = (await run(server.port, "PUT\nNONSENSE\nGET last\n")).split("\n");
    expect(first).toMatch(/^ERROR .*PUT key=value/);
    expect(second).toMatch(/^ERROR /);
    expect(third).toBe("yes");
  });
});
