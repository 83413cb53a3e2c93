import { describe, expect, test } from "bun:test";
import { BytesValue, LARGE_BYTES } from "../lib/large-value.ts";
import { type Log, silentLog } from "../lib/log.ts";
import { ProtocolError, type ReplyWriter, type Request } from "../protocol/protocol.ts";
import { requests, Stage, turn } from "./connection-stage-fixture.ts";
import { ForeignClients } from "./foreign-clients.ts";
import { DEFAULT_LIMITS } from "./limits.ts";
import { SharedCodec } from "./shared-codec.ts";
import type { Ticket } from "./ticket.ts";

const COMMANDS = ["PING", "AUTH", "HELLO"];

/** A stage that knows some inline commands. */
function stage(
  limits: ConstructorParameters<typeof Stage>[0] = {},
  host: ConstructorParameters<typeof Stage>[1] = {},
  at: ConstructorParameters<typeof Stage>[2] = {},
): Stage {
  const isCommandName = (bytes: Uint8Array, start: number, end: number): boolean =>
    COMMANDS.includes(Buffer.from(bytes.subarray(start, end)).toString().toUpperCase());
  const codec = new SharedCodec(Number.POSITIVE_INFINITY, isCommandName, 64);
  return new Stage(limits, { codec, ...host }, at);
}

/** A stage on which requests are done so. */
function staged(run: (request: Request, reply: ReplyWriter, on: Stage) => void): Stage {
  const one = stage();
  const { connection } = one;
  connection.session = { ...connection.session, request: (request, reply) => run(request, reply, one) };
  return one;
}

function receive({ connection }: Stage, ...texts: string[]): void {
  for (const text of texts) connection.received(Buffer.from(text));
}

describe("the protocol of a client", () => {
  test.each([
    ["an array", ["*1\r\n$4\r\nPING\r\n"], "resp", "+PING\r\n"],
    ["a line of the text protocol", ["GET a\n"], "text", "GET\n"],
    ["an inline command", ["PING\r\n"], "resp", "+PING\r\n"],
    ["another inline command of five letters", ["HELLO 3\r\nGET a\r\n"], "resp", "+HELLO\r\n+GET\r\n"],
    ["an inline AUTH alone", ["AUTH x\r\n"], "undecided", "+AUTH\r\n"],
    ["a line behind an inline AUTH", ["auth secret\r\nGET a\n"], "text", "+auth\r\nGET\n"],
    ["an array behind an inline AUTH", ["AUTH x\r\n*1\r\n$1\r\nA\r\n"], "resp", "+AUTH\r\n+A\r\n"],
    ["a line behind an inline command", ["PING\r\nGET a\r\n"], "resp", "+PING\r\n+GET\r\n"],
    ["an AUTH between lines", ["GET a\nAUTH x\r\nGET b\n"], "text", "GET\n+AUTH\r\nGET\n"],
    ["an inline command behind a line", ["GET a\nPING\r\n", "GET b\r\n"], "resp", "GET\n+PING\r\n+GET\r\n"],
    ["an array behind a line", ["GET a\n*1\r\n$1\r\nA\r\nGET b\r\n"], "resp", "GET\n+A\r\n+GET\r\n"],
    ["the beginning of a line", ["GE"], "undecided", ""],
    ["nothing but white space", ["\r\n  \n", "\n"], "undecided", ""],
    ["white space behind an AUTH", ["AUTH x\r\n\r\n"], "undecided", "+AUTH\r\n"],
  ] as const)("that sends %s", (_what, texts, protocol, replies) => {
    const one = stage();
    receive(one, ...texts);
    expect([one.connection.protocol, one.sent]).toEqual([protocol, replies]);
  });

  test("is RESP from the first byte, where the port speaks nothing else", () => {
    const one = stage({}, { respOnly: true });
    receive(one, "GET a");
    expect(one.connection.protocol).toBe("resp");
    receive(one, "\r\n\r\nGET b\r\n");
    expect(one.sent).toBe("+GET\r\n+GET\r\n");
  });

  test("stays text within a line that is too long, whatever its pieces begin with", () => {
    const one = stage({ parser: { ...DEFAULT_LIMITS.parser, requestBytes: 20 } });
    receive(one, `GET ${"a".repeat(30)}`, "*1\r\n", "GET b\n");
    expect(one.sent).toBe("ERROR request too long: a line has at most 20 bytes\nGET\n");
    expect(one.connection.protocol).toBe("text");
  });

  test("does not matter to a line of white space: it is refused in text, and nothing in RESP", () => {
    const text = stage();
    receive(text, "GET a\n \n");
    expect(text.sent).toStartWith("GET\nERROR empty request");
    const resp = stage();
    receive(resp, "PING\r\n", "\r\n", "*0\r\n");
    expect([resp.sent, resp.executed]).toEqual(["+PING\r\n", ["PING"]]);
  });
});

describe("large arguments", () => {
  test.each([
    [undefined, false],
    [(): boolean => false, false],
    [(): boolean => true, true],
  ] as const)("go to a session in chunks only if it takes them (%p)", (takesLarge, isInChunks) => {
    const seen: [number | undefined, number][] = [];
    const one = staged((request, reply) => {
      seen.push([request.large?.length, request.length(1)]);
      for (const { bytes } of request.large ?? []) bytes.clear();
      reply.status("OK");
    });
    const { connection } = one;
    if (takesLarge !== undefined) connection.session = { ...connection.session, takesLarge };
    const bytes = requests(`A ${"x".repeat(LARGE_BYTES)}`, "B x");
    connection.received(bytes.slice(0, 1000));
    connection.received(bytes.slice(1000));
    expect(seen).toEqual([isInChunks ? [1, 0] : [undefined, LARGE_BYTES], [undefined, 1]]);
    expect(one.sent).toBe("+OK\r\n+OK\r\n");
  });
});

describe("a client that wants no replies", () => {
  const modes = (): Stage =>
    staged((request, reply, { connection }) => {
      const name = request.text(0);
      if (name === "OFF") connection.replyMode = "off";
      if (name === "ON") connection.replyMode = "on";
      if (name === "SKIP" && connection.replyMode !== "off") connection.replyMode = "skip-next";
      if (name === "FAIL") throw new Error("no");
      if (name !== "SKIP" && name !== "OFF") reply.status(name);
    });

  test("gets none until it wants them again, nor errors", () => {
    const one = modes();
    one.connection.received(requests("A", "OFF", "B", "FAIL"));
    one.connection.received(requests("C", "ON", "D"));
    expect(one.sent).toBe("+A\r\n+ON\r\n+D\r\n");
  });

  test("to the next request gets those that follow", () => {
    const one = modes();
    one.connection.received(requests("SKIP", "A", "B", "SKIP", "FAIL", "C", "SKIP", "SKIP", "D", "E"));
    expect(one.sent).toBe("+B\r\n+C\r\n+E\r\n");
  });
});

describe("a request that fails", () => {
  test("is answered with the error alone, and those around it as ever", () => {
    const one = staged((request, reply) => {
      reply.status(request.text(0));
      if (request.text(0) === "FAIL") throw new Error("too bad");
    });
    one.connection.received(requests("A", "FAIL", "B"));
    expect(one.sent).toBe("+A\r\n-ERR too bad\r\n+B\r\n");
    expect(one.connection.isClosed).toBe(false);
  });

  test("behind a large value cuts its client off, and no other one does", () => {
    const one = staged((request, reply) => {
      if (request.text(0) !== "FAIL") reply.takeLarge!(new BytesValue(Buffer.from("large"), 0));
      if (request.text(0) !== "LARGE") throw new Error("too bad");
    });
    one.connection.received(requests("LARGE", "FAIL"));
    expect([one.sent, one.connection.isClosed]).toEqual(["$5\r\nlarge\r\n-ERR too bad\r\n", false]);
    one.connection.received(requests("BOTH"));
    expect(one.connection.isClosed).toBe(true);
  });

  test("because it is malformed is told to the session, and not run", () => {
    const one = stage();
    let refusals = 0;
    receive(one, "GET\n");
    const { connection } = one;
    connection.session = { ...connection.session, refused: () => void refusals++ };
    receive(one, "PUT a\nGET a\n");
    expect([refusals, one.executed]).toEqual([1, ["GET"]]);
    expect(one.sent).toBe(
      "ERROR GET needs a key: GET key\n" +
        "ERROR PUT needs an equals sign behind the key: PUT key=value\nGET\n",
    );
  });

  test("by the rules of its protocol ends the connection", async () => {
    const one = staged(() => {
      throw new ProtocolError("not so");
    });
    one.connection.received(requests("A", "B"));
    await turn();
    expect([one.sent, one.wire.hasShutDown]).toEqual(["-ERR Protocol error: not so\r\n", true]);
  });

  test("by a fault of the program leaves nothing in the buffer that all share", () => {
    const codec = new SharedCodec(Number.POSITIVE_INFINITY, () => false, 64);
    const one = new Stage({}, { codec });
    const parser = codec.parser("resp", DEFAULT_LIMITS.parser);
    parser.parse = () => {
      codec.resp.status("HALF");
      throw new TypeError("a fault");
    };
    expect(() => one.connection.received(requests("A"))).toThrow("a fault");
    expect(codec.scratch.length).toBe(0);
    expect(one.sent).toBe("");
  });
});

test("what is pushed during a request comes behind its reply", () => {
  const one = staged((request, reply, { connection }) => {
    connection.pushBytes(Buffer.from("pushed"), 0, 6);
    reply.status(request.text(0));
  });
  one.connection.received(requests("A", "B"));
  expect(one.sent).toBe("+A\r\npushed+B\r\npushed");
});

test("HTTP gets no reply: the connection ends, and the log says so", async () => {
  const warnings: string[] = [];
  const log: Log = { ...silentLog, warn: (message) => void warnings.push(String(message)) };
  const one = stage({}, { foreignClients: new ForeignClients(log, { monotonicMs: () => 0 }) });
  receive(one, "GET / HTTP/1.1\r\nHost: a\r\n");
  await turn();
  expect([one.sent, one.wire.isClosed, one.executed]).toEqual(["", true, []]);
  expect(warnings).toEqual([expect.stringContaining("closed the connection of 127.0.0.1:1: it sent HTTP")]);
});

test("a malformed inline command is refused in RESP, though its client spoke text", async () => {
  const one = stage();
  receive(one, 'GET a\nPING "\r\n');
  await turn();
  expect(one.sent).toStartWith("GET\n-ERR Protocol error: ");
});

describe("the limits of a request in progress", () => {
  const limits = { unauthenticatedParser: { ...DEFAULT_LIMITS.parser, argumentBytes: 5 } };
  const request = requests("SET 0123456789");

  test("are the ordinary ones once its client has authenticated", () => {
    const one = stage(limits);
    const { connection } = one;
    connection.authenticated = false;
    connection.received(request.slice(0, 3));
    connection.authenticate(connection.user);
    connection.received(request.slice(3));
    expect(one.sent).toBe("+SET\r\n");
  });

  test("are those of a stranger once it has to authenticate again", async () => {
    const one = stage(limits);
    const { connection } = one;
    connection.received(request.slice(0, 3));
    connection.reset(connection.user, false);
    connection.received(request.slice(3));
    await turn();
    expect([one.executed, one.sent]).toEqual([[], expect.stringMatching(/^-ERR Protocol error/)]);
  });
});

describe("a line without a line feed", () => {
  const UNENDED =
    "ERROR request without a line feed at its end: nothing was done; end a request with a line feed\n";

  test.each([
    ["a request", ["GET a"], "127.0.0.1", "GET", ["GET"]],
    ["a request behind another", ["GET a\nGET b"], "127.0.0.1", `GET\n${UNENDED}`, ["GET"]],
    ["a write in pieces", ["PUT a", "=1"], "127.0.0.1", "PUT", ["PUT"]],
    ["a write in pieces from elsewhere", ["PUT a", "=1"], "10.0.0.1", UNENDED, []],
    ["a write in one piece from elsewhere", ["PUT a=1"], "10.0.0.1", "PUT", ["PUT"]],
    ["an inline command", ["PING"], "127.0.0.1", `-${UNENDED.replace("ERROR", "ERR").trim()}\r\n`, []],
    ["white space behind a request", ["GET a\n ", " "], "127.0.0.1", "GET\n", ["GET"]],
    ["half of an array", ["*1\r\n$4\r\nPI"], "127.0.0.1", "", []],
    ["nothing", [], "127.0.0.1", "", []],
  ] as const)("that the client ends with %s", async (_what, texts, remoteAddress, sent, executed) => {
    const one = stage({}, {}, { remoteAddress });
    receive(one, ...texts);
    one.connection.ended();
    await turn();
    expect([one.sent, one.executed]).toEqual([sent, [...executed]]);
    expect([one.connection.bufferedRequestBytes, one.wire.isClosed]).toEqual([0, true]);
  });

  test("is gone once it is run, and its client gets what is pushed before a late reply", async () => {
    const tickets: Ticket[] = [];
    const one = staged((_request, _reply, { connection }) => void tickets.push(connection.defer()));
    receive(one, "GET a");
    one.timers.advance(DEFAULT_LIMITS.textSilenceMs);
    expect([tickets.length, one.connection.bufferedRequestBytes, one.timers.count]).toEqual([1, 0, 0]);
    one.connection.pushBytes(Buffer.from("pushed"), 0, 6);
    tickets[0]!.reply.status("late");
    tickets[0]!.done();
    await turn();
    expect([one.sent, one.wire.isClosed]).toEqual(["latepushed", true]);
  });

  test("that is white space alone is no request", async () => {
    const one = stage();
    receive(one, "  ");
    one.connection.ended();
    await turn();
    expect(one.sent).toStartWith("ERROR empty request");
    expect(one.sent).not.toEndWith("\n");
  });

  test("that is HTTP ends the connection without a reply", async () => {
    const one = stage();
    receive(one, "GET / HTTP/1.1");
    one.timers.advance(DEFAULT_LIMITS.textSilenceMs);
    await turn();
    expect([one.sent, one.executed, one.wire.isClosed]).toEqual(["", [], true]);
  });

  test.each([
    ["GET a", "ERROR ", "text"],
    ["HELP", "ERROR ", "text"],
    ["PING", "-ERR ", "undecided"],
  ] as const)("that is late is refused in its protocol: %s", async (line, error, protocol) => {
    const one = stage({ requestTimeoutMs: 100, textSilenceMs: 10_000, textWriteSilenceMs: 10_000 });
    receive(one, line);
    one.clock.advance(101);
    one.connection.checkTimeouts(one.clock.monotonicMs());
    expect(one.connection.protocol).toBe(protocol);
    await turn();
    expect(one.sent.replace(/[\r\n]+$/, "")).toBe(
      `${error}request was not complete within 100 ms (see --request-timeout); nothing was done; ` +
        "end a request with a line feed",
    );
    expect(one.sent).toEndWith("\n");
  });

  test("that has not begun: the client is refused in RESP", async () => {
    const one = stage({ authTimeoutMs: 100 });
    one.connection.authenticated = false;
    one.clock.advance(101);
    one.connection.checkTimeouts(one.clock.monotonicMs());
    await turn();
    expect([one.connection.protocol, one.sent]).toEqual([
      "undecided",
      "-ERR the password was not given within 100 ms (see --auth-timeout)\r\n",
    ]);
  });
});
