import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { ByteClient } from "../../test/support/byte-client.ts";
import { ScriptedService } from "../../test/support/scripted-service.ts";
import { until } from "../../test/support/until.ts";
import { ListenError } from "./listening-sockets.ts";

const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);

const ECHO = "*2\r\n$4\r\nECHO\r\n$1\r\na\r\n";
const REPLY = "$1\r\na\r\n";

describe("listening", () => {
  test("on localhost means both addresses", async () => {
    using service = new ScriptedService({ host: "localhost" });
    for (const host of hasIpv6 ? ["127.0.0.1", "::1"] : ["127.0.0.1"]) {
      using client = await ByteClient.connect(service.port, host);
      client.send(ECHO);
      expect(await client.bytes(REPLY.length)).toBe(REPLY);
    }
    const addresses = service.connections.map(({ localAddress }) => localAddress);
    expect(addresses).toContain(`127.0.0.1:${service.port}`);
    if (hasIpv6) expect(addresses).toContain(`[::1]:${service.port}`);
  });

  test("on a taken port is one clear error, whichever address it is taken on", () => {
    using service = new ScriptedService();
    const open = () => new ScriptedService({ port: service.port });
    expect(open).toThrow(ListenError);
    expect(open).toThrow(
      `cannot listen on 127.0.0.1:${service.port}: the port is in use by another program; choose another with --port`,
    );
    if (!hasIpv6) return;
    using other = new ScriptedService({ host: "::1" });
    expect(() => new ScriptedService({ host: "localhost", port: other.port })).toThrow(ListenError);
    // The address that was free is not kept.
    using third = new ScriptedService({ host: "127.0.0.1", port: other.port });
    expect(third.port).toBe(other.port);
  });

  test("on an address of another machine, or a name that nobody has", () => {
    expect(() => new ScriptedService({ host: "192.0.2.1" })).toThrow("is not one of this machine's");
    expect(() => new ScriptedService({ host: "no-such-name.invalid" })).toThrow(ListenError);
  });
});

/** Connects by another process and sends a request; returns before the event loop has accepted it. */
function connectUnaccepted(port: number): { readonly output: Promise<string> } {
  const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf '${JSON.stringify(ECHO).slice(1, -1)}' >&3; cat <&3`;
  const child = Bun.spawn(["bash", "-c", script], { stdout: "pipe", stderr: "ignore" });
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  // In /proc/net/tcp the second column is the own address, the fourth the state: 01 is an established connection. The
  // fifth has the bytes that wait to be read behind its colon.
  const hasSent = (line: string): boolean => {
    const [, own, , state, queues] = line.trim().split(/\s+/);
    if (own?.endsWith(local) !== true || state !== "01") return false;
    return Number.parseInt(queues!.split(":")[1]!, 16) === ECHO.length;
  };
  const untilMs = Date.now() + 20_000;
  while (!readFileSync("/proc/net/tcp", "utf8").split("\n").some(hasSent)) {
    if (Date.now() > untilMs) throw new Error("bash has sent nothing");
  }
  return { output: new Response(child.stdout).text() };
}

describe("draining", () => {
  test.skipIf(process.platform !== "linux")(
    "answers a client that had connected before, though nobody had accepted it",
    async () => {
      using service = new ScriptedService();
      const { output } = connectUnaccepted(service.port);
      expect(service.registry.size).toBe(0);
      expect(await service.listener.drain(60_000)).toBe(0);
      expect(await output).toBe(REPLY);
    },
    30_000,
  );

  test("lets clients have the replies they wait for, and ends those that rest", async () => {
    using service = new ScriptedService();
    using idle = await ByteClient.connect(service.port);
    using waiting = await ByteClient.connect(service.port);
    waiting.send("*2\r\n$5\r\nDEFER\r\n$1\r\na\r\n");
    await until(() => service.executed.length === 1 && service.registry.size === 2);
    const drained = service.listener.drain(60_000);
    expect(await idle.rest()).toBe("");
    await expect(ByteClient.connect(service.port)).rejects.toThrow();
    expect(service.registry.size).toBe(1);
    service.finish("a");
    expect(await waiting.rest()).toBe(REPLY);
    expect(await drained).toBe(0);
    expect(service.registry.size).toBe(0);
    expect(service.executed).toEqual(["DEFER"]);
  });

  test("loses no request of a client that goes on asking while there is time", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    const drained = service.listener.drain(400);
    let asked = 0;
    const begunMs = performance.now();
    while (!client.hasEnded) {
      client.send(ECHO);
      const wanted = REPLY.repeat(asked + 1);
      if ((await client.bytes(wanted.length)) !== wanted) break;
      asked++;
    }
    expect(performance.now() - begunMs).toBeGreaterThanOrEqual(390);
    expect(asked).toBeGreaterThan(10);
    expect(await drained).toBe(0);
    // The last request may have met the end.
    expect(service.executed.length - asked).toBeLessThanOrEqual(1);
  });

  test("cuts off who is still there after the time granted", async () => {
    using service = new ScriptedService();
    using client = await ByteClient.connect(service.port);
    client.send("*2\r\n$5\r\nDEFER\r\n$1\r\na\r\n");
    await until(() => service.executed.length === 1);
    expect(await service.listener.drain(20)).toBe(1);
    expect(await client.rest()).toBe("");
    await until(() => service.closedCount === 1);
  });
});
