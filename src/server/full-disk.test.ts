/**
 * When the disk is full or fails, a client that writes reads the reason before it is cut off, and the log has it at
 * once.
 */

import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { Program, TemporaryDirectory } from "../../test/support/program.ts";
import { RespClient } from "../../test/support/resp-client.ts";
import { until } from "../../test/support/until.ts";

const LAUNCHER = fileURLToPath(new URL("../../bin/glasscache", import.meta.url));
const FILE_BYTES = 1024 * 1024;
const VALUE = "x".repeat(10_000);

/** A server that may write no file longer than this. */
async function startLimited(directory: string, sync: string): Promise<{ program: Program; ready: number }> {
  const command = [
    LAUNCHER,
    "server",
    "--host",
    "127.0.0.1",
    "--port",
    "0",
    "--data",
    directory,
    "--sync",
    sync,
  ];
  const limited = `trap '' XFSZ; ulimit -f ${FILE_BYTES / 512}; exec "$@"`;
  return Program.start(
    ["sh", "-c", limited, "sh", ...command],
    (line) => (line.includes('"ready"') ? (JSON.parse(line).ready.port as number) : undefined),
    { env: { GLASSCACHE_LOG_FORMAT: "json" } },
  );
}

/** Sends requests as fast as the server takes them. Reads only when it takes no more, or the connection has ended. */
function sendUntilCutOff(
  port: number,
  requestOf: (n: number) => string,
): Promise<{ received: string; error: string }> {
  return new Promise((resolve) => {
    let received = "";
    let error = "";
    let sent = 0;
    const socket = connect(port, "127.0.0.1");
    const write = (): void => {
      while (!socket.writableEnded && socket.write(requestOf(sent++))) if (sent > 5000) return;
    };
    socket.on("connect", write);
    socket.on("drain", write);
    socket.on("data", (data) => {
      received += data.toString("latin1");
    });
    socket.on("end", () => socket.end());
    socket.on("error", (problem) => {
      error = problem.message;
    });
    socket.on("close", () => resolve({ received, error }));
  });
}

describe.skipIf(process.platform === "win32")("where the disk is full", () => {
  const PROTOCOLS = [
    [
      "RESP",
      (n: number) => `*3\r\n$3\r\nSET\r\n$8\r\n${`${n}`.padStart(8)}\r\n$10000\r\n${VALUE}\r\n`,
      "-MISCONF ",
    ],
    ["text", (n: number) => `PUT ${n}=${VALUE}\n`, "ERROR "],
  ] as const;
  for (const sync of ["always", "interval"]) {
    for (const [protocol, requestOf, error] of PROTOCOLS) {
      test(`a client that pipelines writes reads why it is cut off: ${protocol}, --sync ${sync}`, async () => {
        using directory = new TemporaryDirectory();
        const { program, ready: port } = await startLimited(join(directory.path, "data"), sync);
        await using _ = program;
        const { received, error: problem } = await sendUntilCutOff(port, requestOf);
        expect(problem).toBe("");
        expect(received).toContain("OK");
        expect(received.trimEnd().split("\n").at(-1)).toStartWith(error);
        expect(received).toContain("failed");
        expect(program.output).toContain("storage failed: writes are refused");
      }, 60_000);
    }
  }

  test("without further writes, the log has the failure all the same: --sync interval", async () => {
    using directory = new TemporaryDirectory();
    const { program, ready: port } = await startLimited(join(directory.path, "data"), "interval");
    await using _ = program;
    using client = await RespClient.connect({ port });
    // The journal has room for them. The database, which writes whole pages, has not.
    for (let i = 0; i < 95; i++) await client.must("SET", `${i}`, VALUE);
    await until(() => program.output.includes("storage failed: writes are refused"));
    expect(program.output).toContain("writing to the database failed");
    expect(await client.must("GET", "94")).toBe(VALUE);
    expect(String(await client.ask("SET", "more", ""))).toContain("MISCONF");
    expect(program.output.split("storage failed")).toHaveLength(2);
  }, 60_000);
});
