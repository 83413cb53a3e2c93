/** Our reading of RESP beside that of the Redis installed: the same errors, the same arguments. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import fc from "fast-check";
import { fromLatin1, latin1 } from "../../src/lib/bytes.ts";
import type { ParserLimits } from "../../src/protocol/protocol.ts";
import { RespParser } from "../../src/protocol/resp-parser.ts";
import { type RunningServer, startRedis } from "../support/origins.ts";
import { requireProgram } from "../support/requirements.ts";
import { receive } from "../support/stream-feed.ts";

const LIMITS: ParserLimits = {
  requestBytes: 2 ** 30,
  argumentCount: 2 ** 20,
  argumentBytes: 512 * 1024 * 1024,
};
const QUIT = "*1\r\n$4\r\nQUIT\r\n";
const LONG = "1".repeat(64 * 1024);

const MALFORMED = [
  "*x\r\n",
  "*\r\n",
  "*03\r\n",
  "*+3\r\n",
  "*-0\r\n",
  "*3 \r\n",
  "*2147483648\r\n",
  "*99999999999999999999\r\n",
  `*${LONG}`,
  "*1\r\nx\r\n",
  "*1\r\n:3\r\n",
  "*1\r\n\r\n",
  "*2\r\n$4\r\nPING\r\n*1\r\n",
  "*1\r\n$\r\n",
  "*1\r\n$-1\r\n",
  "*1\r\n$abc\r\n",
  "*1\r\n$00\r\n\r\n",
  "*1\r\n$536870913\r\n",
  "*1\r\n$9223372036854775808\r\n",
  `*1\r\n$${LONG}`,
  `${LONG}1`,
  'PING "a\r\n',
  "PING 'a\r\n",
  'PING "a"b\r\n',
  "PING 'a'b\r\n",
];

const redis = requireProgram("redis-server");

describe.skipIf(!redis.available)(redis.title("beside Redis"), () => {
  let server: RunningServer;

  beforeAll(async () => {
    server = await startRedis();
  });

  afterAll(async () => {
    await server[Symbol.asyncDispose]();
  });

  /** Sends a stream that makes Redis close the connection. @returns all it answered */
  async function exchange(stream: string): Promise<string> {
    const answered: string[] = [];
    const { promise: closed, resolve } = Promise.withResolvers<void>();
    let rest = fromLatin1(stream);
    const send = (socket: Bun.Socket<undefined>) => {
      rest = rest.subarray(socket.write(rest));
    };
    await Bun.connect({
      hostname: "127.0.0.1",
      port: server.port,
      socket: {
        open: send,
        drain: send,
        data: (_, data) => {
          answered.push(latin1(data));
        },
        close: () => resolve(),
      },
    });
    await closed;
    return answered.join("");
  }

  test.each(MALFORMED.map((stream) => [JSON.stringify(stream).slice(0, 40), stream] as const))(
    "the same error for %s",
    async (_, stream) => {
      const parsed = receive(new RespParser(LIMITS), [fromLatin1(stream)]);
      const [only] = parsed;
      if (only === undefined || !("error" in only))
        throw new Error(`no error, but ${JSON.stringify(parsed)}`);
      // Redis too replaces line breaks within an error.
      const message = only.error.replace(/[\r\n]/g, " ");
      expect(await exchange(stream)).toBe(`-ERR Protocol error: ${message}\r\n`);
    },
  );

  test.each([
    ["*0\r\n", ""],
    ["*-1\r\n", ""],
    ["*-5\r\n", ""],
    ["\r\n", ""],
    ["\n", ""],
    ["   \r\n", ""],
    ["PING\n", "+PONG\r\n"],
    ["*1\r\n$4\r\nPING\r\n", "+PONG\r\n"],
  ])("both go on after %j", async (stream, answer) => {
    expect(await exchange(stream + QUIT)).toBe(`${answer}+OK\r\n`);
    const parsed = receive(new RespParser(LIMITS), [fromLatin1(stream + QUIT)]);
    expect(parsed.at(-1)).toEqual(["QUIT"]);
    expect(parsed).toHaveLength(answer === "" ? 1 : 2);
  });

  test("inline commands are split alike", async () => {
    const unit = fc.constantFrom(
      ...[
        "a",
        "b",
        " ",
        "\t",
        "\v",
        "\f",
        "\r",
        '"',
        "'",
        "\\",
        "\\x4",
        "\\x41",
        "\\xg1",
        "1",
        "n",
        "\\n",
        "\\r",
      ],
      ...["\\t", "\\a", "\\b", '\\"', "\\'", '" ', '"x', "' ", "'x", "\xff"],
    );
    await fc.assert(
      fc.asyncProperty(fc.string({ unit, maxLength: 14 }), async (line) => {
        const command = `rpush list first ${line}\n`;
        const [parsed] = receive(new RespParser(LIMITS), [fromLatin1(command)]);
        const answer = await exchange(`del list\n${command}lrange list 1 -1\n${QUIT}`);
        if (parsed !== undefined && "error" in parsed) {
          expect(answer.slice(answer.indexOf("\n") + 1)).toBe(`-ERR Protocol error: ${parsed.error}\r\n`);
        } else {
          const elements = (parsed as readonly string[]).slice(3);
          const list = elements.map((element) => `$${element.length}\r\n${element}\r\n`).join("");
          const pushed = `:${elements.length + 1}\r\n*${elements.length}\r\n${list}+OK\r\n`;
          expect(answer.slice(answer.indexOf("\n") + 1)).toBe(pushed);
        }
      }),
      { numRuns: 400 },
    );
  });
});
