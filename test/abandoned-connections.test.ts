import { describe, expect, test } from "bun:test";
import { connect } from "node:net";
import { type RunningServer, startGlasscache } from "./support/origins.ts";
import { RespClient } from "./support/resp-client.ts";

/** A connection that is set up and reset before the server, which stands still, has accepted it. */
function abandon(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ port, host: "127.0.0.1" }, () => {
      socket.write("*1\r\n$4\r\nPING\r\n", () => socket.resetAndDestroy());
    });
    socket.once("error", reject);
    socket.once("close", () => resolve());
  });
}

describe("connections that are reset before they are accepted", () => {
  test.each([
    ["server", ["server", "--engine", "memory"]],
    ["proxy", ["proxy", "--origin", "127.0.0.1:1"]],
  ])("do no harm to the %s", async (_, args) => {
    await using running: RunningServer = await startGlasscache(args);
    running.program.signal("SIGSTOP");
    await Promise.all(Array.from({ length: 50 }, () => abandon(running.port)));
    running.program.signal("SIGCONT");
    using client = await RespClient.connect({ port: running.port });
    expect(await client.ask("PING")).toBe("PONG");
  });
});
