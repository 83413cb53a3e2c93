import { afterEach, describe, expect, test } from "bun:test";
import { FakeOrigin, type FakeOriginOptions } from "../../test/support/fake-origin.ts";
import { ask, commandsOf } from "../../test/support/node-bench.ts";
import { systemClock } from "../lib/clock.ts";
import { UpstreamConnection } from "./connection.ts";
import { helloCommand, introduce, type LogIn, logIn, Question } from "./handshake.ts";
import { notNeeded, type UpstreamError } from "./upstream-error.ts";

const opened: Disposable[] = [];
afterEach(() => {
  for (const each of opened.splice(0)) each[Symbol.dispose]();
});

/** Opens a connection to an origin, on which nothing has been asked. */
function open(options: FakeOriginOptions = {}) {
  const origin = new FakeOrigin(options);
  const ended = Promise.withResolvers<UpstreamError>();
  const address = { host: "127.0.0.1", port: origin.port };
  const connection = new UpstreamConnection(
    { address, clock: systemClock, connectTimeoutMs: 5000, timeoutMs: 5000, pendingBytes: 1000 },
    { closed: ended.resolve },
  );
  opened.push({
    [Symbol.dispose]() {
      connection.close(notNeeded());
      origin[Symbol.dispose]();
    },
  });
  return { origin, connection, address, name: `origin 127.0.0.1:${origin.port}`, closed: ended.promise };
}

describe("a log-in", () => {
  test.each<[string, Partial<LogIn["address"]>, Omit<LogIn, "address">, string[]]>([
    ["without anything", {}, { version: 2, selects: true }, []],
    ["in RESP3", {}, { version: 3, selects: true }, ["HELLO 3"]],
    ["with a password", { password: "pw" }, { version: 2, selects: true }, ["AUTH pw"]],
    [
      "with a password in RESP3",
      { password: "pw" },
      { version: 3, selects: true },
      ["HELLO 3 AUTH default pw", "AUTH pw"],
    ],
    [
      "of a user",
      { user: "me", password: "pw" },
      { version: 3, selects: true },
      ["HELLO 3 AUTH me pw", "AUTH me pw"],
    ],
    ["to a database", { database: 1 }, { version: 2, selects: true }, ["SELECT 1"]],
    ["to the first database", { database: 0 }, { version: 2, selects: true }, []],
    ["that selects none", { database: 1 }, { version: 2, selects: false }, []],
  ])("%s sends what it needs", async (_, address, how, sent) => {
    const { origin, connection, address: place } = open();
    logIn(connection, { address: { ...place, ...address }, ...how });
    expect(await ask(connection, "PING")).toBe("+PONG\r\n");
    expect(commandsOf(origin, origin.connections[0]!)).toEqual([...sent, "PING"]);
  });

  test("is complete with HELLO: what AUTH says behind it does not count", async () => {
    const { connection, address } = open({
      script: ([name]) =>
        name === "AUTH" ? "-ERR AUTH <password> called without any password\r\n" : undefined,
    });
    const greetings: unknown[] = [];
    logIn(connection, {
      ...{ address: { ...address, password: "pw" }, version: 3, selects: true },
      greeted: ({ error }) => greetings.push(error),
    });
    expect(await ask(connection, "PING")).toBe("+PONG\r\n");
    expect(greetings).toEqual([undefined]);
  });

  test.each<[2 | 3, string, string, boolean]>([
    [2, "AUTH", "-ERR no password is set\r\n", false],
    [3, "AUTH", "-ERR no password is set\r\n", true],
    [3, "HELLO", "-WRONGPASS invalid\r\n", false],
  ])("that is refused ends the connection: RESP%d, %s", async (version, refused, answer, isGreeted) => {
    const { connection, address, name, closed } = open({
      script: ([command]) => {
        if (command === refused) return answer;
        return command === "HELLO" ? "-ERR unknown command\r\n" : undefined;
      },
    });
    let wasGreeted = false;
    logIn(connection, {
      ...{ address: { ...address, password: "pw" }, version, selects: true },
      greeted: () => {
        wasGreeted = true;
      },
    });
    expect(await closed).toMatchObject({
      code: "ORIGINAUTH",
      message: `${name} refused the credentials: ${answer.slice(1, -2)}`,
      maybeExecuted: false,
    });
    expect(wasGreeted).toBe(isGreeted);
  });

  test("to a database that is refused ends the connection, and nothing was sent behind it", async () => {
    const { origin, connection, address, name, closed } = open({ script: () => "-ERR out of range\r\n" });
    logIn(connection, { address: { ...address, database: 99 }, version: 2, selects: true });
    const failed = ask(connection, "SET", "a", "1").catch((error) => error);
    const error = {
      ...{ code: "ORIGINDB", message: `${name} refused database 99: ERR out of range`, maybeExecuted: false },
    };
    expect(await closed).toMatchObject(error);
    expect(await failed).toMatchObject(error);
    expect(origin.commands.map(({ command }) => command)).toEqual([["SELECT", "99"]]);
  });
});

describe("a question of the handshake", () => {
  test("that the origin cannot answer just now ends the connection", async () => {
    const { connection, closed } = open({ script: () => "-LOADING in memory\r\n" });
    let isAnswered = false;
    introduce(connection, ["CLIENT", "ID"], () => {
      isAnswered = true;
    });
    expect(await closed).toMatchObject({ code: "LOADING", message: "in memory", maybeExecuted: false });
    expect(isAnswered).toBe(false);
  });

  test("that is not answered in time ends the connection, although others may be answered", async () => {
    const { connection, closed } = open();
    const late = notNeeded();
    new Question(connection, () => {}).failed(late);
    expect(await closed).toBe(late);
  });

  test("is told another error as its answer", async () => {
    const { connection } = open({ script: ([name]) => (name === "CLIENT" ? "-ERR unknown\r\n" : undefined) });
    const errors: unknown[] = [];
    introduce(connection, ["CLIENT", "ID"], ({ error }) => errors.push(error));
    await ask(connection, "PING");
    expect(errors).toEqual([{ kind: "other", text: "ERR unknown" }]);
  });
});

test("HELLO has the default user for a password without one", () => {
  expect(helloCommand({ host: "a", port: 1 })).toEqual(["HELLO", "3"]);
  expect(helloCommand({ host: "a", port: 1, password: "pw" })).toEqual([
    "HELLO",
    "3",
    "AUTH",
    "default",
    "pw",
  ]);
  expect(helloCommand({ host: "a", port: 1, user: "me" })).toEqual(["HELLO", "3"]);
});
