// Runs alone: ten thousand connections take what the machine has.
/**
 * Thousands of clients at once, from another process, every reply checked. `GLASSCACHE_SCALE_REPORT=FILE` adds a line
 * of JSON for each run: memory and times.
 */
import { describe, expect, test } from "bun:test";
import { appendFileSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type RunningServer, startGlasscache } from "../support/origins.ts";

const LOAD = fileURLToPath(new URL("./many-clients.ts", import.meta.url));
const ROUNDS = 3;
const TIMEOUT_MS = 120_000;

async function runClients(what: string, server: RunningServer, clients: number): Promise<void> {
  const child = Bun.spawn([process.execPath, LOAD, String(server.port), String(clients), String(ROUNDS)], {
    stdout: "pipe",
    stderr: "inherit",
  });
  const result = JSON.parse(await new Response(child.stdout).text());
  expect(await child.exited).toBe(0);
  expect(result).toMatchObject({ clients, requests: clients * ROUNDS * 2, wrong: 0, closed: 0 });
  const residentMb = Math.round(highestResidentBytes(server.program.pid) / 1024 ** 2);
  const line = { what, ...result, residentMb };
  console.log(JSON.stringify(line));
  const report = process.env["GLASSCACHE_SCALE_REPORT"];
  if (report) appendFileSync(report, `${JSON.stringify(line)}\n`);
}

/** The most memory the process has had resident (Linux). */
function highestResidentBytes(pid: number): number {
  const kilobytes = /^VmHWM:\s+([0-9]+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1];
  return Number(kilobytes) * 1024;
}

describe("many clients at once", () => {
  for (const clients of [1_000, 5_000, 10_000]) {
    test(
      `${clients} at the server`,
      async () => {
        await using server = await startGlasscache(["server", "--engine", "memory"]);
        await runClients("server, memory", server, clients);
      },
      TIMEOUT_MS,
    );

    test(
      `${clients} at the proxy`,
      async () => {
        await using origin = await startGlasscache(["server", "--engine", "memory"]);
        await using proxy = await startGlasscache(["proxy", "--origin", `127.0.0.1:${origin.port}`]);
        await runClients("proxy", proxy, clients);
      },
      TIMEOUT_MS,
    );
  }

  test(
    "one more than the limit gets an error and is closed; the others stay",
    async () => {
      await using server = await startGlasscache([
        "server",
        "--engine",
        "memory",
        "--max-connections",
        "100",
      ]);
      const replies: string[] = [];
      const sockets = [];
      for (let i = 0; i < 100; i++) {
        const { promise, resolve } = Promise.withResolvers<string>();
        const socket = await Bun.connect({
          hostname: "127.0.0.1",
          port: server.port,
          socket: { data: (_socket, data) => resolve(data.toString()) },
        });
        socket.write("GET nothing\n");
        replies.push(await promise);
        sockets.push(socket);
      }
      expect(new Set(replies)).toEqual(new Set(["No such key found\n"]));
      let refusal = "";
      const { promise: closed, resolve } = Promise.withResolvers<void>();
      await Bun.connect({
        hostname: "127.0.0.1",
        port: server.port,
        socket: {
          data(_socket, data) {
            refusal += data.toString();
          },
          close: () => resolve(),
        },
      });
      await closed;
      expect(refusal).toBe("-ERR max number of clients reached\r\n");
      for (const socket of sockets) socket.terminate();
    },
    TIMEOUT_MS,
  );
});
