/** When a request without a line feed ends, and when it never does. */
import { describe, expect, test } from "bun:test";
import { networkInterfaces } from "node:os";
import { ByteClient } from "../../test/support/byte-client.ts";
import { ScriptedService, type ScriptedServiceOptions } from "../../test/support/scripted-service.ts";
import { until } from "../../test/support/until.ts";
import { ManualClock } from "../lib/clock.ts";
import { ManualTimers } from "../lib/timers.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { endingSilenceMs, Silence, type UnendedLine } from "./silence.ts";

const NEVER_MS = 3_600_000;
const REFUSED =
  "ERROR request without a line feed at its end: nothing was done; end a request with a line feed\n";

/** An address of this machine that is not its loopback: a client that uses it counts as one from elsewhere. */
const elsewhere = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address;

/** Sends pieces one after the other, each when the one before has been received. */
async function sendInPieces(
  service: ScriptedService,
  client: ByteClient,
  ...pieces: string[]
): Promise<void> {
  for (const piece of pieces) {
    const before = service.registry.bytesReceived;
    client.send(piece);
    await until(() => service.registry.bytesReceived === before + piece.length);
  }
}

describe("the rule", () => {
  const write: UnendedLine = { kind: "write", bytes: 10, reads: 1, isLocal: true };
  test.each([
    ["a read", { ...write, kind: "read" }, 20],
    ["a read in pieces from elsewhere", { kind: "read", bytes: 9000, reads: 9, isLocal: false }, 20],
    ["a write from here", write, 20],
    ["a long write from here", { ...write, bytes: 1e6 }, 20],
    ["a write from here in pieces", { ...write, reads: 2 }, 250],
    ["a write from elsewhere", { ...write, isLocal: false }, 250],
    ["one that fills a segment", { ...write, isLocal: false, bytes: 1400 }, 250],
    ["one that is longer", { ...write, isLocal: false, bytes: 1401 }, undefined],
    ["one in pieces", { ...write, isLocal: false, reads: 2 }, undefined],
    ["an inline command", { ...write, kind: "inline" }, undefined],
    ["what may be the beginning of a verb", { ...write, kind: "unknown" }, 250],
    ["white space", { ...write, kind: "blank" }, 250],
  ] as [string, UnendedLine, number | undefined][])("%s", (_name, line, expected) => {
    expect(endingSilenceMs(line, DEFAULT_LIMITS)).toBe(expected);
  });

  test("a write never ends earlier than a read", () => {
    expect(endingSilenceMs({ ...write, reads: 2 }, { textSilenceMs: 700, textWriteSilenceMs: 30 })).toBe(700);
  });
});

describe("a client on this machine", () => {
  test("has a PUT in one piece executed after the short silence", async () => {
    using service = new ScriptedService({ limits: { textWriteSilenceMs: NEVER_MS } });
    using client = await ByteClient.connect(service.port);
    client.send("PUT key=value");
    expect(await client.rest()).toBe("key");
  });

  test("has one in pieces executed after the long silence, whole", async () => {
    const timers = new ManualTimers();
    using service = new ScriptedService({ timers, limits: { textSilenceMs: 20, textWriteSilenceMs: 250 } });
    using client = await ByteClient.connect(service.port);
    await sendInPieces(service, client, "PUT ke", "y=val");
    // Each piece begins the silence anew.
    timers.advance(249);
    await sendInPieces(service, client, "ue");
    timers.advance(249);
    expect(service.executed).toEqual([]);
    timers.advance(1);
    expect(await client.rest()).toBe("key");
    expect(service.executed).toEqual(["PUT"]);
  });

  test.each(["PUT ke", "DELETE ke", "PU"])("goes on with %j behind the short silence", async (beginning) => {
    const timers = new ManualTimers();
    using service = new ScriptedService({ timers, limits: { textSilenceMs: 20, textWriteSilenceMs: 250 } });
    using client = await ByteClient.connect(service.port);
    await sendInPieces(service, client, beginning.slice(0, 1), beginning.slice(1));
    timers.advance(249);
    expect(service.executed).toEqual([]);
    const rest = beginning === "PU" ? "T key=v" : "y=v";
    client.send(`${rest}\n`);
    await until(() => service.executed.length === 1);
    expect(client.text).not.toContain("ERROR");
  });
});

describe.skipIf(elsewhere === undefined)("a client from elsewhere", () => {
  const connect = async (
    limits: Partial<typeof DEFAULT_LIMITS>,
    time: Partial<ScriptedServiceOptions> = {},
  ) => {
    const service = new ScriptedService({ host: "0.0.0.0", limits, ...time });
    return { service, client: await ByteClient.connect(service.port, elsewhere!) };
  };

  test("has a short PUT in one piece executed after the long silence alone", async () => {
    const timers = new ManualTimers();
    const { service, client } = await connect({ textSilenceMs: 20, textWriteSilenceMs: 250 }, { timers });
    await sendInPieces(service, client, "PUT key=value");
    timers.advance(249);
    expect(service.executed).toEqual([]);
    timers.advance(1);
    expect(await client.rest()).toBe("key");
    service[Symbol.dispose]();
  });

  test("has a GET executed after the short one, in pieces too", async () => {
    const timers = new ManualTimers();
    const { service, client } = await connect({ textSilenceMs: 20, textWriteSilenceMs: 250 }, { timers });
    await sendInPieces(service, client, "GET ke", "y");
    timers.advance(20);
    expect(await client.rest()).toBe("key");
    service[Symbol.dispose]();
  });

  test.each([
    ["in pieces", ["PUT key=val", "ue"]],
    ["longer than a segment", [`PUT key=${"v".repeat(1_393)}`]],
    ["a DELETE in pieces", ["DELETE ke", "y"]],
  ])("needs the line feed: %s", async (_name, pieces) => {
    for (const ending of ["half-close", "time-out", "line feed"]) {
      const clock = new ManualClock();
      const limits = { textSilenceMs: NEVER_MS, requestTimeoutMs: 5_000 };
      const { service, client } = await connect(limits, { clock });
      await sendInPieces(service, client, ...pieces);
      if (ending === "half-close") {
        client.end();
        expect(await client.rest()).toBe(REFUSED);
      } else if (ending === "time-out") {
        clock.advance(5_001);
        expect(await client.rest()).toBe(
          "ERROR request was not complete within 5000 ms (see --request-timeout); nothing was done; end a request with a line feed\n",
        );
      } else {
        client.send("\n");
        await client.bytes(4);
      }
      expect(service.executed.length).toBe(ending === "line feed" ? 1 : 0);
      client.close();
      service[Symbol.dispose]();
    }
  });

  test("has no silence end a PUT in pieces", async () => {
    const timers = new ManualTimers();
    const { service, client } = await connect({ textSilenceMs: 20, textWriteSilenceMs: 250 }, { timers });
    await sendInPieces(service, client, "PUT key=val", "ue");
    timers.advance(1_000_000);
    expect(service.executed).toEqual([]);
    client.send(" and more\n");
    expect(await client.bytes(4)).toBe("key\n");
    service[Symbol.dispose]();
  });

  test("a short PUT in one piece ends with a half-close", async () => {
    const { service, client } = await connect({ textSilenceMs: NEVER_MS, textWriteSilenceMs: NEVER_MS });
    client.send("PUT key=value");
    client.end();
    expect(await client.rest()).toBe("key");
    service[Symbol.dispose]();
  });
});

describe("a client that has sent a line feed", () => {
  test.each(["GET second", "PUT second=2", "DUMP"])("needs one behind %j", async (second) => {
    const timers = new ManualTimers();
    using service = new ScriptedService({ timers });
    using client = await ByteClient.connect(service.port);
    client.send(`GET first\n${second}`);
    await client.bytes(6);
    timers.advance(1_000_000);
    expect(service.executed).toEqual(["GET"]);
    client.end();
    expect(await client.rest()).toBe(`first\n${REFUSED}`);
    expect(service.executed).toEqual(["GET"]);
  });

  test("and white space behind it ask for nothing", async () => {
    using service = new ScriptedService({ limits: { textSilenceMs: 1, textWriteSilenceMs: 1 } });
    using client = await ByteClient.connect(service.port);
    client.send("GET first\n \r");
    client.end();
    expect(await client.rest()).toBe("first\n");
  });
});

describe("a client that dies", () => {
  test.each(["PUT key=val", "DELETE ke", "GET ke"])(
    "in the middle of %j has nothing executed",
    async (sent) => {
      const timers = new ManualTimers();
      using service = new ScriptedService({ timers });
      using client = await ByteClient.connect(service.port);
      client.send(sent);
      await until(() => service.registry.bytesReceived === sent.length);
      client.reset();
      await until(() => service.closedCount === 1);
      timers.advance(1_000_000);
      expect(service.executed).toEqual([]);
    },
  );
});

test("an inline command without a line feed is not executed", async () => {
  const timers = new ManualTimers();
  using service = new ScriptedService({ timers });
  using client = await ByteClient.connect(service.port);
  client.send("ECHO half");
  await until(() => service.registry.bytesReceived === 9);
  timers.advance(1_000_000);
  client.end();
  expect(await client.rest()).toBe(
    "-ERR request without a line feed at its end: nothing was done; end a request with a line feed\r\n",
  );
  expect(service.executed).toEqual([]);
});

test("a wait that begins anew ends once, at its own time", () => {
  const timers = new ManualTimers();
  const silence = new Silence(timers);
  const fallen: string[] = [];
  silence.await(20, () => fallen.push("first"));
  timers.advance(10);
  silence.await(20, () => fallen.push("second"));
  timers.advance(19);
  expect(fallen).toEqual([]);
  timers.advance(100);
  expect(fallen).toEqual(["second"]);
});
