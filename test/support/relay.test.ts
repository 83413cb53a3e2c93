import { describe, expect, test } from "bun:test";
import { PASS, Relay, STALL, SWALLOW } from "./relay.ts";
import { TextClient } from "./text-client.ts";

/** Answers each line by the same line, and counts what it got. */
function startEcho(): { port: number; received: () => string; [Symbol.dispose](): void } {
  let received = "";
  const server = Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data: (socket, data) => {
        received += data.toString();
        socket.write(data);
      },
    },
  });
  return { port: server.port, received: () => received, [Symbol.dispose]: () => server.stop(true) };
}

/** Whether something is answered before another client, asking later and not through the relay, is. */
async function isFirst(answer: Promise<unknown>, port: number): Promise<boolean> {
  using direct = await TextClient.connect(port);
  for (let i = 0; i < 3; i++) await direct.ask("direct");
  return Promise.race([answer.then(() => true), Promise.resolve(false)]);
}

describe("Relay", () => {
  test("passes bytes both ways", async () => {
    using echo = startEcho();
    using relay = await Relay.start(echo.port, 1);
    using client = await TextClient.connect(relay.port);
    expect(await Promise.all([client.ask("a"), client.ask("b")])).toEqual(["a", "b"]);
    expect(relay.acceptedCount).toBe(1);
    expect(relay.connectionCount).toBe(1);
  });

  test.each(["delay", "fragment"] as const)("with `%s` keeps all bytes and their order", async (kind) => {
    using echo = startEcho();
    using relay = await Relay.start(echo.port, 2);
    relay.setMode("both", { kind, minMs: 0, maxMs: 5 });
    using client = await TextClient.connect(relay.port);
    const lines = Array.from({ length: 20 }, (_, i) => `line ${i} ${"x".repeat(i * 10)}`);
    expect(await Promise.all(lines.map((line) => client.ask(line)))).toEqual(lines);
  });

  test("holds bytes back while it stalls", async () => {
    using echo = startEcho();
    using relay = await Relay.start(echo.port, 3);
    using client = await TextClient.connect(relay.port);
    expect(await client.ask("before")).toBe("before");
    relay.setMode("down", STALL);
    const answer = client.ask("held back");
    expect(await isFirst(answer, echo.port)).toBe(false);
    relay.setMode("down", PASS);
    expect(await answer).toBe("held back");
  });

  test("swallows what one side says, on that connection for good", async () => {
    using echo = startEcho();
    using relay = await Relay.start(echo.port, 4);
    using client = await TextClient.connect(relay.port);
    await client.ask("before");
    relay.setMode("down", SWALLOW);
    const lost = client.ask("lost").catch((error: Error) => error.name);
    expect(await isFirst(lost, echo.port)).toBe(false);
    expect(echo.received()).toContain("lost");
    relay.setMode("down", PASS);
    const later = client.ask("later").catch((error: Error) => error.name);
    expect(await isFirst(later, echo.port)).toBe(false);
    using other = await TextClient.connect(relay.port);
    expect(await other.ask("new connection")).toBe("new connection");
    relay.cut("rst");
    expect(await Promise.all([lost, later])).toEqual(["ConnectionLost", "ConnectionLost"]);
  });

  test.each(["fin", "rst"] as const)("cuts connections by %s", async (how) => {
    using echo = startEcho();
    using relay = await Relay.start(echo.port, 5);
    using client = await TextClient.connect(relay.port);
    await client.ask("before");
    relay.setMode("up", STALL);
    const lost = client.ask("lost");
    relay.cut(how);
    await expect(lost).rejects.toThrow("ended");
    expect(relay.connectionCount).toBe(0);
  });

  test("passes the end of a stream on, and what is answered to it", async () => {
    const server = Bun.listen({
      hostname: "127.0.0.1",
      port: 0,
      allowHalfOpen: true,
      socket: { data() {}, end: (socket) => void socket.end("good-bye") },
    });
    using relay = await Relay.start(server.port, 6);
    const answer = await new Promise<string>((resolve) => {
      void Bun.connect({
        hostname: "127.0.0.1",
        port: relay.port,
        allowHalfOpen: true,
        socket: { open: (socket) => void socket.shutdown(), data: (_, data) => resolve(data.toString()) },
      });
    });
    expect(answer).toBe("good-bye");
    server.stop(true);
  });
});
