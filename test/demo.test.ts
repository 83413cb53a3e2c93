import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { createServer } from "node:net";
import { fileURLToPath } from "node:url";
import { Program } from "./support/program.ts";

const LAUNCHER = fileURLToPath(new URL("../bin/glasscache", import.meta.url));

function startDemo(until: RegExp, args: readonly string[] = []) {
  return Program.start(
    [LAUNCHER, "demo", "--server-port", "0", "--proxy-port", "0", "--seconds", "500ms", ...args],
    (line) => (until.test(line) ? true : undefined),
    { readyWithinMs: 60_000 },
  );
}

/** What the demo says of a part: its port, and where the data lies. */
function find(output: string, pattern: RegExp): string {
  const found = pattern.exec(output)?.[1];
  if (found === undefined) throw new Error(`no ${pattern} in:\n${output}`);
  return found;
}

async function untilRefused(port: string): Promise<void> {
  for (;;) {
    try {
      const socket = await Bun.connect({ hostname: "127.0.0.1", port: Number(port), socket: { data() {} } });
      socket.terminate();
    } catch {
      return;
    }
    await Bun.sleep(10);
  }
}

describe("glasscache demo", () => {
  test("shows the exchange, load and what to try, serves on, and ends in order", async () => {
    await using demo = (await startDemo(/^Serving until Ctrl-C/)).program;
    const { output } = demo;
    expect(output).toContain("PUT shashank=softwareEngineer   ->  {Backend Server} : OK\n");
    expect(output).toContain("GET shashank                    ->  {Backend Server} : softwareEngineer\n");
    expect(output).toContain("GET shashank                    ->  {Proxy Server} : softwareEngineer\n");
    expect(output).toMatch(
      /[0-9] requests\/s +hit ratio +[0-9.]+% .* hit [0-9.]+ (µs|ms), miss [0-9.]+ (µs|ms)/,
    );
    expect(output).toMatch(/reads: +[0-9.]+% answered by the proxy's cache, [0-9,]+ asked of the server\.\n/);
    // Not a terminal: nothing is coloured or rewritten.
    expect(output).not.toContain("\x1b");
    expect(output).not.toContain("\r");

    const proxyPort = Number(find(output, /client --port ([0-9]+)/));
    const { promise: reply, resolve } = Promise.withResolvers<string>();
    await Bun.connect({
      hostname: "127.0.0.1",
      port: proxyPort,
      socket: {
        open: (socket) => void socket.write("GET shashank\n"),
        data: (socket, data) => {
          resolve(data.toString());
          socket.end();
        },
      },
    });
    expect(await reply).toMatch(/^\{(Proxy|Backend) Server\} : softwareEngineer\n$/);

    const directory = find(output, /data in ([^)]+)\)/);
    expect(existsSync(directory)).toBe(true);
    expect(await demo.end("SIGINT")).toBe(0);
    expect(existsSync(directory)).toBe(false);
    await untilRefused(String(proxyPort));
  }, 90_000);

  test("leaves nothing running when it is killed", async () => {
    await using demo = (await startDemo(/^Three requests/)).program;
    const serverPort = find(demo.output, /keys and values: +localhost:([0-9]+)/);
    const proxyPort = find(demo.output, /if it can: +localhost:([0-9]+)/);
    await demo.kill();
    await untilRefused(serverPort);
    await untilRefused(proxyPort);
  }, 90_000);

  test("names the flag for a port that is taken", async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, "127.0.0.1", resolve));
    const { port } = taken.address() as { port: number };
    const demo = Bun.spawn([LAUNCHER, "demo", "--server-port", String(port)], {
      stdout: "pipe",
      stderr: "pipe",
    });
    const message = await new Response(demo.stderr).text();
    expect(await demo.exited).toBe(1);
    expect(message).toBe(
      `glasscache demo: glasscache server: cannot listen on 127.0.0.1:${port}: ` +
        "the port is in use by another program; choose another with --server-port\n",
    );
    taken.close();
  }, 90_000);
});
