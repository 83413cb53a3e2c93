/** CLIENT, beside `service-commands.test.ts`, which holds it against Redis. */
import { describe, expect, test } from "bun:test";
import { requestOf } from "../../test/support/request.ts";
import type { ReplyWriter } from "../protocol/protocol.ts";
import { clientCommand } from "./client-commands.ts";
import type { ServiceHost } from "./client-context.ts";
import { type FakeClient, FakeService } from "./client-fixture.ts";
import { refuseQueuing } from "./container-command.ts";

/** Runs CLIENT for a client. */
function client(service: FakeService, from: FakeClient, ...words: string[]): string {
  return service.run(clientCommand, from, requestOf("CLIENT", ...words));
}

const SYNTAX = "-ERR syntax error\r\n";

describe("CLIENT LIST", () => {
  /** The ids of the clients that it lists, or its error. */
  function listed(service: FakeService, from: FakeClient, ...words: string[]): number[] | string {
    const reply = client(service, from, "LIST", ...words);
    if (reply.startsWith("-")) return reply;
    return [...reply.matchAll(/^id=(\d+) /gm)].map(([, id]) => Number(id));
  }

  test("lists all, those of a type, or those of some ids", () => {
    const service = new FakeService();
    const first = service.client();
    service.client({ flags: () => "P" });
    service.client({ flags: () => "x" });
    expect(listed(service, first)).toEqual([1, 2, 3]);
    expect(listed(service, first, "TYPE", "normal")).toEqual([1, 3]);
    expect(listed(service, first, "type", "PubSub")).toEqual([2]);
    expect(listed(service, first, "TYPE", "replica")).toEqual([]);
    expect(listed(service, first, "TYPE", "slave")).toEqual([]);
    expect(listed(service, first, "TYPE", "master")).toEqual([]);
    expect(listed(service, first, "ID", "3")).toEqual([3]);
    expect(listed(service, first, "id", "3", "9", "1")).toEqual([3, 1]);
  });

  test.each([
    [["TYPE"], SYNTAX],
    [["TYPE", "normal", "x"], SYNTAX],
    [["TYPE", "other"], "-ERR Unknown client type 'other'\r\n"],
    [["ID"], SYNTAX],
    [["ID", "1", "x"], "-ERR Invalid client ID\r\n"],
    [["OTHER", "1"], SYNTAX],
  ])("refuses %p", (words, error) => {
    const service = new FakeService();
    expect(listed(service, service.client(), ...words)).toBe(error);
  });

  test("tells every fact, in Redis's order; of its own client also the present request", () => {
    const service = new FakeService();
    const asking = service.client({ lastCommand: "client|list" });
    service.client({
      ...{ name: "a-name", libraryName: "lib", libraryVersion: "1.2", lastCommand: "get", respVersion: 3 },
      ...{ database: 4, channels: 1, patterns: 2, shardChannels: 3, queuedCommands: 5, redirection: 0 },
      ...{
        flags: () => "xt",
        isClosing: true,
        noEvict: true,
        bufferedRequestBytes: 100,
        waitingReplyBytes: 20,
      },
    });
    service.clock.advance(2_999);
    const [own, other] = client(service, asking, "LIST")
      .replace(/^\$\d+\r\n/, "")
      .split("\n");
    // *2 $6 CLIENT $4 LIST: 4 + 12 + 10 bytes, of which 10 are arguments.
    expect(own).toBe(
      "id=1 addr=10.0.0.1:1001 laddr=10.0.0.2:6379 fd=-1 name= age=2 idle=2 flags=N db=0 " +
        "sub=0 psub=0 ssub=0 multi=-1 qbuf=26 qbuf-free=0 argv-mem=10 multi-mem=0 rbs=0 rbp=0 " +
        "obl=0 oll=0 omem=0 tot-mem=26 events=r cmd=client|list user=default redir=-1 resp=2 lib-name= lib-ver=",
    );
    expect(other).toBe(
      "id=2 addr=10.0.0.1:1002 laddr=10.0.0.2:6379 fd=-1 name=a-name age=2 idle=2 flags=xtce db=4 " +
        "sub=1 psub=2 ssub=3 multi=5 qbuf=100 qbuf-free=0 argv-mem=0 multi-mem=0 rbs=0 rbp=0 " +
        "obl=0 oll=1 omem=20 tot-mem=120 events=r cmd=get user=default redir=0 resp=3 lib-name=lib lib-ver=1.2",
    );
  });

  test("counts the digits of long arguments, and no time that is still to come", () => {
    const service = new FakeService();
    const now = service.clock.wallMs();
    const asking = service.client({ connectedAtMs: now + 5_000, lastActiveMs: 5_000, waitingReplyBytes: 1 });
    const ids = [...Array.from({ length: 8 }, () => "1"), "1000000000"];
    const line = client(service, asking, "LIST", "ID", ...ids);
    // *12 $6 CLIENT $4 LIST $2 ID, $1 1 eight times, $10 1000000000: 5 + 12 + 10 + 8 + 56 + 17 bytes.
    expect(line).toContain(" age=0 idle=0 ");
    expect(line).toContain(" qbuf=108 qbuf-free=0 argv-mem=30 ");
    expect(line).toContain(" oll=1 omem=1 tot-mem=109 ");
  });

  test("counts no arguments of the request before", () => {
    const service = new FakeService();
    const request = requestOf("CLIENT", "INFO", "before");
    request.count = 2;
    const reply = service.run(clientCommand, service.client(), request);
    expect(reply).toContain(" qbuf=26 qbuf-free=0 argv-mem=10 ");
  });

  test("INFO tells the same of the client alone", () => {
    const service = new FakeService();
    const asking = service.client({ respVersion: 3 });
    service.client();
    const reply = client(service, asking, "INFO");
    expect(reply).toMatch(/^=\d+\r\ntxt:id=1 addr=10\.0\.0\.1:1001 [^\n]* qbuf=26 [^\n]*\n\r\n$/);
  });
});

describe("CLIENT KILL", () => {
  function ends(service: FakeService): string[] {
    return [...service.registry.values()].map(({ end }: FakeClient) => end);
  }

  test("by address alone ends the first that has it: another at once, oneself behind the reply", () => {
    const service = new FakeService();
    const [first, second] = [service.client(), service.client()];
    expect(client(service, first, "KILL", "10.0.0.1:9")).toBe("-ERR No such client\r\n");
    expect(client(service, first, "KILL", second.remoteAddress)).toBe("+OK\r\n");
    expect(ends(service)).toEqual(["", "closed"]);
    expect(client(service, first, "KILL", first.remoteAddress)).toBe("+OK\r\n");
    expect(ends(service)).toEqual(["closed after replies", "closed"]);
  });

  test.each([
    [["ID", "2"], [2]],
    [["id", "1"], []],
    [["ID", "1", "SKIPME", "no"], [1]],
    [["ADDR", "10.0.0.1:1003"], [3]],
    [
      ["LADDR", "10.0.0.2:6379"],
      [2, 4],
    ],
    [["LADDR", "10.0.0.9:6379"], [3]],
    [["TYPE", "pubsub"], [3]],
    [
      ["TYPE", "NORMAL"],
      [2, 4],
    ],
    [["TYPE", "slave"], []],
    [["USER", "other"], [4]],
    [
      ["USER", "default"],
      [2, 3],
    ],
    [["MAXAGE", "10"], [2]],
    [["MAXAGE", "11"], []],
    [
      ["MAXAGE", "1", "SKIPME", "NO"],
      [1, 2],
    ],
    [["TYPE", "normal", "USER", "default"], [2]],
    [
      ["SKIPME", "yes"],
      [2, 3, 4],
    ],
    [
      ["SKIPME", "no"],
      [1, 2, 3, 4],
    ],
  ])("%p ends %p", (options, expected) => {
    const service = new FakeService();
    service.users.set("other", ["on", "nopass"]);
    const connectedAtMs = service.clock.wallMs();
    service.clock.advance(10_999);
    const first = service.client({ connectedAtMs: connectedAtMs + 1_000 });
    service.client({ connectedAtMs });
    service.client({ flags: () => "P", localAddress: "10.0.0.9:6379" });
    service.client({ user: service.users.get("other")! });
    expect(client(service, first, "KILL", ...options)).toBe(`:${expected.length}\r\n`);
    const ended = [...service.registry.values()].filter(({ end }: FakeClient) => end !== "");
    expect(ended.map(({ id }: FakeClient) => id)).toEqual(expected);
    expect(first.end).toBe(expected.includes(1) ? "closed after replies" : "");
  });

  test.each([
    [["ID", "0"], "ERR client-id should be greater than 0"],
    [["ID", "x"], "ERR client-id should be greater than 0"],
    [["TYPE", "what"], "ERR Unknown client type 'what'"],
    [["USER", "nobody"], "ERR No such user 'nobody'"],
    [["MAXAGE", "x"], "ERR maxage is not an integer or out of range"],
    [["MAXAGE", "0"], "ERR maxage should be greater than 0"],
    [["SKIPME", "what"], "ERR syntax error"],
    [["WHAT", "1"], "ERR syntax error"],
    [["ID", "2", "ADDR"], "ERR syntax error"],
  ])("refuses %p, and ends nobody", (options, error) => {
    const service = new FakeService();
    const first = service.client();
    service.client();
    expect(client(service, first, "KILL", ...options)).toBe(`-${error}\r\n`);
    expect(ends(service)).toEqual(["", ""]);
  });
});

describe("the facts of one client", () => {
  test("are its id, its name and where its invalidations go", () => {
    const service = new FakeService();
    const one = service.client({ id: 7, redirection: 3 });
    expect([client(service, one, "ID"), client(service, one, "GETREDIR")]).toEqual([":7\r\n", ":3\r\n"]);
    expect(client(service, one, "GETNAME")).toBe("$-1\r\n");
    expect(client(service, one, "SETNAME", "~!")).toBe("+OK\r\n");
    expect(client(service, one, "GETNAME")).toBe("$2\r\n~!\r\n");
    for (const bad of ["a b", "a\n", "\x7f", "\xff"]) {
      expect(client(service, one, "SETNAME", bad)).toStartWith("-ERR Client names cannot contain spaces");
    }
    expect(one.name).toBe("~!");
  });

  test("are its library and that library's version", () => {
    const service = new FakeService();
    const one = service.client();
    expect(client(service, one, "SETINFO", "LIB-NAME", "a")).toBe("+OK\r\n");
    expect(client(service, one, "SETINFO", "lib-ver", "b")).toBe("+OK\r\n");
    expect(client(service, one, "SETINFO", "what", "c")).toBe("-ERR Unrecognized option 'what'\r\n");
    expect(client(service, one, "SETINFO", "lib-name", "c d")).toBe(
      "-ERR lib-name cannot contain spaces, newlines or special characters.\r\n",
    );
    expect([one.libraryName, one.libraryVersion]).toEqual(["a", "b"]);
  });

  test("are whether it may be evicted", () => {
    const service = new FakeService();
    const one = service.client();
    const after: [string, boolean][] = [];
    for (const mode of ["ON", "what", "off"])
      after.push([client(service, one, "NO-EVICT", mode), one.noEvict]);
    expect(after).toEqual([
      ["+OK\r\n", true],
      [SYNTAX, true],
      ["+OK\r\n", false],
    ]);
  });

  test("are which replies it wants", () => {
    const service = new FakeService();
    const one = service.client();
    const after: [string, string][] = [];
    for (const mode of ["skip", "OFF", "SKIP", "what", "on", "SKIP"]) {
      after.push([client(service, one, "REPLY", mode), one.replyMode]);
    }
    expect(after).toEqual([
      ["", "skip-next"],
      ["", "off"],
      ["", "off"],
      [SYNTAX, "off"],
      ["+OK\r\n", "on"],
      ["", "skip-next"],
    ]);
  });
});

describe("CLIENT PAUSE", () => {
  test("begins a pause of its mode, unless it is to last no time; UNPAUSE ends it", () => {
    const service = new FakeService();
    const one = service.client();
    const replies = [
      client(service, one, "PAUSE", "5"),
      client(service, one, "PAUSE", "6", "WRITE"),
      client(service, one, "PAUSE", "0"),
      client(service, one, "PAUSE", "1"),
      client(service, one, "UNPAUSE"),
    ];
    expect(replies).toEqual(Array.from({ length: 5 }, () => "+OK\r\n"));
    expect(service.told).toEqual(["pause 5 all", "pause 6 write", "pause 1 all", "pause ended"]);
    expect(client(service, one, "PAUSE", "-1")).toBe("-ERR timeout is negative\r\n");
  });
});

describe("CLIENT UNBLOCK", () => {
  const unblocked: unknown[] = [];
  const host: Partial<ServiceHost> = {
    unblock: (context, id, reason, reply) => {
      unblocked.push([context.connection.id, id, reason]);
      reply.integer(1);
    },
  };

  test("asks the service, by TIMEOUT where nothing is said", () => {
    const service = new FakeService(host);
    const one = service.client();
    expect(client(service, one, "UNBLOCK", "5")).toBe(":1\r\n");
    expect(client(service, one, "UNBLOCK", "-6", "error")).toBe(":1\r\n");
    expect(unblocked).toEqual([
      [1, 5, "TIMEOUT"],
      [1, -6, "ERROR"],
    ]);
  });

  test("unblocks nobody where commands never block, and refuses what it does not understand", () => {
    const service = new FakeService();
    const one = service.client();
    expect(client(service, one, "UNBLOCK", "5")).toBe(":0\r\n");
    expect(client(service, one, "UNBLOCK", "x")).toBe("-ERR value is not an integer or out of range\r\n");
    expect(client(service, one, "UNBLOCK", "5", "what")).toBe(
      "-ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR\r\n",
    );
    expect(client(service, one, "UNBLOCK", "5", "error", "x")).toBe(
      "-ERR unknown subcommand or wrong number of arguments for 'UNBLOCK'. Try CLIENT HELP.\r\n",
    );
  });
});

test("tracking is the service's affair, where it has it", () => {
  const NONE = "-ERR client tracking is not supported here\r\n";
  const commands = [["TRACKING", "on"], ["TRACKINGINFO"], ["CACHING", "yes"]] as const;
  const without = new FakeService();
  const one = without.client();
  for (const words of commands) expect(client(without, one, ...words)).toBe(NONE);
  const answer =
    (text: string) =>
    (...args: unknown[]): void =>
      (args.at(-1) as ReplyWriter).status(text);
  const service = new FakeService({
    tracking: { change: answer("changed"), describe: answer("described"), caching: answer("noted") },
  });
  const other = service.client();
  const replies = commands.map((words) => client(service, other, ...words));
  expect(replies).toEqual(["+changed\r\n", "+described\r\n", "+noted\r\n"]);
});

describe("a command with subcommands", () => {
  test("refuses one that it does not have, or that has other arguments", () => {
    const service = new FakeService();
    const one = service.client();
    expect(client(service, one, "WHAT")).toBe("-ERR unknown subcommand 'WHAT'. Try CLIENT HELP.\r\n");
    expect(client(service, one, "ID", "x")).toBe(
      "-ERR wrong number of arguments for 'client|id' command\r\n",
    );
  });

  test("is refused in a transaction as outside of it", () => {
    const refusal = (...words: string[]) => refuseQueuing(clientCommand, requestOf(...words));
    expect([refusal("CLIENT", "id"), refusal("client", "SETNAME", "a"), refusal("CLIENT")]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(refusal("CLIENT", "WHAT")).toBe("ERR unknown subcommand 'WHAT'. Try CLIENT HELP.");
    expect(refusal("CLIENT", "WHAT", "ID")).toBe("ERR unknown subcommand 'WHAT'. Try CLIENT HELP.");
    expect(refusal("CLIENT", "ID", "x")).toBe("ERR wrong number of arguments for 'client|id' command");
    const request = requestOf("CLIENT", "WHAT");
    request.count = 1;
    expect(refuseQueuing(clientCommand, request)).toBeUndefined();
    const [withoutSubcommands] = clientCommand.subcommands!;
    expect(refuseQueuing(withoutSubcommands!, requestOf("ID", "what"))).toBeUndefined();
  });

  test("HELP has as many lines as it says", () => {
    const service = new FakeService();
    const [head, ...lines] = client(service, service.client(), "help").trimEnd().split("\r\n");
    expect(head).toBe(`*${lines.length}`);
    expect(lines[0]).toBe("+CLIENT <subcommand> [<arg> [value] [opt] ...]. Subcommands are:");
    expect(lines.slice(-2)).toEqual(["+HELP", "+    Prints this help."]);
  });
});
