/** HELLO, AUTH and the like, beside `service-commands.test.ts`, which holds them against Redis. */
import { describe, expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import { type FakeClient, FakeService } from "./client-fixture.ts";
import { connectionCommands } from "./connection-commands.ts";

function ask(service: FakeService, from: FakeClient, ...words: string[]): string {
  const command = connectionCommands.find(({ name }) => name === words[0]!.toLowerCase())!;
  return service.run(command, from, requestOf(...words));
}

const WRONG = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

describe("HELLO", () => {
  test("introduces the service, in the version that it sets", () => {
    const service = new FakeService({
      serverName: "redis",
      redisVersion: "7.2.5",
      mode: "cluster",
      role: "replica",
    });
    const one = service.client({ id: 9 });
    const fields =
      "$6\r\nserver\r\n$5\r\nredis\r\n$7\r\nversion\r\n$5\r\n7.2.5\r\n$5\r\nproto\r\n:N\r\n$2\r\nid\r\n:9\r\n" +
      "$4\r\nmode\r\n$7\r\ncluster\r\n$4\r\nrole\r\n$7\r\nreplica\r\n$7\r\nmodules\r\n*0\r\n";
    expect(ask(service, one, "HELLO")).toBe(`*14\r\n${fields.replace("N", "2")}`);
    ask(service, one, "HELLO", "3");
    expect(one.respVersion).toBe(3);
    expect(ask(service, one, "HELLO")).toBe(`%7\r\n${fields.replace("N", "3")}`);
    ask(service, one, "HELLO", "2");
    expect([one.respVersion, one.name]).toEqual([2, ""]);
  });

  test.each([
    [["1"], "NOPROTO unsupported protocol version"],
    [["4"], "NOPROTO unsupported protocol version"],
    [["x"], "ERR Protocol version is not an integer or out of range"],
    [["3", "WHAT"], "ERR Syntax error in HELLO option 'WHAT'"],
    [["3", "SETNAME"], "ERR Syntax error in HELLO option 'SETNAME'"],
    [["3", "AUTH", "default"], "ERR Syntax error in HELLO option 'AUTH'"],
    [["3", "SETNAME", "a", "b"], "ERR Syntax error in HELLO option 'b'"],
    [["3", "AUTH", "default", "x", "y"], "ERR Syntax error in HELLO option 'y'"],
  ])("%p is refused, and changes nothing", (words, error) => {
    const service = new FakeService();
    const one = service.client();
    expect(ask(service, one, "HELLO", ...words)).toBe(`-${error}\r\n`);
    expect([one.respVersion, one.name]).toEqual([2, ""]);
  });

  test("authenticates and names the client; the last of each counts", () => {
    const service = new FakeService({}, "secret");
    const one = service.client({ authenticated: false });
    const hello = (...words: string[]): string => ask(service, one, "HELLO", "3", ...words);
    expect(hello()).toStartWith("-NOAUTH HELLO must be called with the client already authenticated");
    expect(hello("SETNAME", "a", "AUTH", "default", "wrong")).toBe(WRONG);
    expect(hello("AUTH", "nobody", "secret")).toBe(WRONG);
    expect([one.authenticated, one.name, one.respVersion]).toEqual([false, "", 2]);
    const reply = hello("auth", "default", "x", "SETNAME", "a", "AUTH", "default", "secret", "setname", "b");
    expect(reply).toStartWith("*14\r\n");
    expect([one.authenticated, one.name, one.respVersion]).toEqual([true, "b", 3]);
    expect(hello("SETNAME", "c d")).toStartWith("-ERR Client names cannot contain spaces");
    expect(one.name).toBe("b");
  });
});

describe("AUTH", () => {
  test("takes a password, or a user and a password", () => {
    const service = new FakeService({}, "secret");
    service.users.set("other", ["on", ">own"]);
    const one = service.client({ authenticated: false });
    expect([ask(service, one, "AUTH", "wrong"), one.authenticated]).toEqual([WRONG, false]);
    expect([ask(service, one, "AUTH", "secret"), one.authenticated]).toEqual(["+OK\r\n", true]);
    expect([ask(service, one, "AUTH", "other", "secret"), one.user.name]).toEqual([WRONG, "default"]);
    expect([ask(service, one, "AUTH", "other", "own"), one.user.name]).toEqual(["+OK\r\n", "other"]);
    expect(ask(service, one, "AUTH", "other", "own", "x")).toBe("-ERR syntax error\r\n");
  });

  test("is noted with its command when the password is wrong", () => {
    const service = new FakeService({}, "secret");
    const one = service.client({ authenticated: false });
    ask(service, one, "HELLO", "2", "AUTH", "default", "x");
    ask(service, one, "auth", "default", "x");
    const noted = service.host.access.log.newest(2).map(({ object, username }) => [object, username]);
    expect(noted).toEqual([
      ["AUTH", "default"],
      ["HELLO", "default"],
    ]);
  });

  test("with a password alone is refused where the default user needs none", () => {
    const service = new FakeService();
    const one = service.client();
    expect(ask(service, one, "AUTH", "x")).toStartWith("-ERR AUTH <password> called without any password");
    expect(ask(service, one, "AUTH", "default", "x")).toBe("+OK\r\n");
  });
});

describe("PING", () => {
  test.each([
    [false, 2, [], "+PONG\r\n"],
    [false, 2, ["a"], "$1\r\na\r\n"],
    [false, 2, ["a", "b"], "-ERR wrong number of arguments for 'ping' command\r\n"],
    [true, 2, [], "*2\r\n$4\r\npong\r\n$0\r\n\r\n"],
    [true, 2, ["a"], "*2\r\n$4\r\npong\r\n$1\r\na\r\n"],
    [true, 2, ["a", "b"], "-ERR wrong number of arguments for 'ping' command\r\n"],
    [true, 3, [], "+PONG\r\n"],
    [true, 3, ["a"], "$1\r\na\r\n"],
  ] as const)("of a subscriber: %p, version %d, with %p", (isSubscribed, respVersion, words, reply) => {
    const service = new FakeService();
    expect(ask(service, service.client({ isSubscribed, respVersion }), "PING", ...words)).toBe(reply);
  });
});

test("PING of a subscriber tells nothing of the request before", () => {
  const service = new FakeService();
  const ping = connectionCommands.find(({ name }) => name === "ping")!;
  const request = requestOf("PING", "before");
  request.count = 1;
  const reply = service.run(ping, service.client({ isSubscribed: true }), request);
  expect(reply).toBe("*2\r\n$4\r\npong\r\n$0\r\n\r\n");
});

test("ECHO answers its argument, QUIT with the end behind the reply", () => {
  const service = new FakeService();
  const one = service.client();
  expect(ask(service, one, "ECHO", "abc")).toBe("$3\r\nabc\r\n");
  expect([ask(service, one, "QUIT"), one.end]).toEqual(["+OK\r\n", "closed after replies"]);
});

test.each([
  [undefined, true],
  ["secret", false],
])("RESET makes a new client of an old one, where the password is %p", (password, authenticated) => {
  const service = new FakeService({}, password);
  service.users.set("other", ["on", "nopass"]);
  const one = service.client({ user: service.users.get("other")!, name: "a" });
  expect(ask(service, one, "RESET")).toBe("+RESET\r\n");
  expect([one.user === service.users.default, one.authenticated, one.name]).toEqual([
    true,
    authenticated,
    "",
  ]);
  expect(service.told).toEqual(["reset"]);
});

test.each([
  [undefined, "0", "+OK\r\n"],
  [undefined, "1", "-ERR DB index is out of range\r\n"],
  [7, "7", "+OK\r\n"],
  [7, "0", "-ERR DB index is out of range\r\n"],
  [7, "-7", "-ERR DB index is out of range\r\n"],
  [0, "2147483647", "-ERR DB index is out of range\r\n"],
  [0, "2147483648", "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n"],
  [0, "-2147483648", "-ERR DB index is out of range\r\n"],
  [0, "-2147483649", "-ERR value is out of range, value must between -2147483648 and 2147483647\r\n"],
  [0, "x", "-ERR value is not an integer or out of range\r\n"],
] as const)("of a service with database %p, SELECT %s answers %s", (database, index, reply) => {
  const service = new FakeService(database === undefined ? {} : { database });
  expect(ask(service, service.client(), "SELECT", index)).toBe(reply);
});

test("a name has printable characters only, and no spaces", () => {
  const service = new FakeService();
  const one = service.client();
  const isTaken = (name: string): boolean =>
    !ask(service, one, "HELLO", "2", "SETNAME", name).startsWith("-");
  expect(["!", "~", "a!~b"].map(isTaken)).toEqual([true, true, true]);
  expect([" ", "\x7f", "a\n", "\x80"].map(isTaken)).toEqual([false, false, false, false]);
});
