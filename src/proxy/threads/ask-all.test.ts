import { describe, expect, test } from "bun:test";
import { requestOf } from "../../../test/support/request.ts";
import { command } from "../../commands/command.ts";
import { ByteBuffer } from "../../lib/byte-buffer.ts";
import { latin1, utf8 } from "../../lib/bytes.ts";
import { RespWriter } from "../../protocol/resp-writer.ts";
import type { ProxyContext } from "../context.ts";
import { askAll, concernsAllThreads, runApart } from "./ask-all.ts";
import type { Peers, Question } from "./peers.ts";

/** The answer to a command that this thread and others have answered so. */
async function answered(words: readonly string[], own: string, ...others: string[]): Promise<string> {
  const questions: Question[] = [];
  const peers = {
    async ask(question: Question) {
      questions.push(question);
      return others.map((reply) => utf8(reply));
    },
  };
  const out = new ByteBuffer();
  await askAll(peers as unknown as Peers, requestOf(...words), Promise.resolve(utf8(own)), {
    answer: (write) => write(new RespWriter(out, 3)),
    withinMs: 60_000,
  });
  expect(questions).toEqual([{ kind: "command", args: words }]);
  return latin1(out.view());
}

function bulk(text: string): string {
  return `$${text.length}\r\n${text}\r\n`;
}

test.each([
  [["GLASS.HEALTH"], true],
  [["Client", "Kill", "a"], true],
  [["CLIENT", "LIST"], true],
  [["CLIENT", "PAUSE", "1"], true],
  [["CLIENT", "UNBLOCK", "1"], true],
  [["CLIENT", "UNPAUSE"], true],
  [["CONFIG", "RESETSTAT"], true],
  [["CLIENT"], false],
  [["CLIENT", "ID"], false],
  [["CONFIG", "KILL"], false],
  [["GET", "list"], false],
])("%p concerns all threads: %p", (words, concerns) => {
  expect(concernsAllThreads(requestOf(...words))).toBe(concerns);
});

describe("the replies of all threads become one", () => {
  const KILL = ["CLIENT", "KILL", "ID", "1"];

  test("lists are joined, and those of threads without clients left out", async () => {
    const replies = [bulk("id=1\n"), bulk("\n"), bulk("id=2\n")] as const;
    expect(await answered(["CLIENT", "LIST"], ...replies)).toBe("=14\r\ntxt:id=1\nid=2\n\r\n");
  });

  test("one list alone is told as several are", async () => {
    expect(await answered(["CLIENT", "LIST"], bulk("id=1\n"))).toBe("=9\r\ntxt:id=1\n\r\n");
  });

  test("counts are added", async () => {
    expect(await answered(KILL, ":1\r\n", ":0\r\n", ":2\r\n")).toBe(":3\r\n");
    expect(await answered(KILL, ":0\r\n")).toBe(":0\r\n");
  });

  test("the success of one holds against the errors of others, except of health", async () => {
    const error = "-ERR no\r\n";
    expect(await answered(KILL, error, "+OK\r\n")).toBe("+OK\r\n");
    expect(await answered(KILL, "+OK\r\n", error)).toBe("+OK\r\n");
    expect(await answered(KILL, error, error)).toBe(error);
    expect(await answered(["glass.health"], "+OK\r\n", error)).toBe(error);
    expect(await answered(["GLASS.HEALTH"], "+OK\r\n", "+OK\r\n")).toBe("+OK\r\n");
  });

  test("a thread that is late is an error", async () => {
    const out = new ByteBuffer();
    const peers = { ask: () => new Promise(() => {}) } as unknown as Peers;
    await askAll(peers, requestOf(...KILL), Promise.resolve(utf8("+OK\r\n")), {
      answer: (write) => write(new RespWriter(out, 3)),
      withinMs: 1,
    });
    expect(latin1(out.view())).toBe("-ERR a thread of the proxy did not answer within 1 ms\r\n");
  });
});

describe("a command that runs apart", () => {
  const context = {} as Pick<ProxyContext, "connection" | "host" | "proxy">;
  const run = async (act: Parameters<typeof command<ProxyContext>>[2]): Promise<string> =>
    latin1(await runApart(context, command<ProxyContext>("ping", "", act), requestOf("PING")));

  test("answers in RESP2, without naming sources", async () => {
    expect(
      await run(({ namesSources }, _request, reply) => {
        reply.map(1);
        reply.bulkText("a");
        reply.integer(namesSources ? 1 : 0);
      }),
    ).toBe("*2\r\n$1\r\na\r\n:0\r\n");
  });

  test("may answer later", async () => {
    expect(
      await run(({ answerLater }) => {
        const answer = answerLater();
        setImmediate(() => answer((reply) => reply.ok()));
      }),
    ).toBe("+OK\r\n");
  });
});
