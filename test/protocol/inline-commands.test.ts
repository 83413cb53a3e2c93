/** Both protocols on one port: which language a line is in, and when a connection is Redis's for good. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { eachPlainTarget, startTarget, type Target } from "../clients/targets.ts";
import { ByteClient } from "../support/byte-client.ts";

/** What is sent, and all that comes back; the client then half-closes. */
type Conversation = [sent: string, received: string];

/** Redis itself answers these in the same way. */
const REDIS: Conversation[] = [
  ["PING\r\n", "+PONG\r\n"],
  ["ping\n", "+PONG\r\n"],
  ["\r\n\n  \r\nPING\r\n\r\n", "+PONG\r\n"],
  ['  set  k "a \\x41\\n"\r\nGET k\r\n', "+OK\r\n$4\r\na A\n\r\n"],
  ["SET k v\r\nGET k\r\nDEL k\r\nGET k\r\n", "+OK\r\n$1\r\nv\r\n:1\r\n$-1\r\n"],
  ["PING\r\n*1\r\n$4\r\nPING\r\nPING\r\n", "+PONG\r\n+PONG\r\n+PONG\r\n"],
  ["*1\r\n$4\r\nPING\r\nPING\r\nGET none\r\n", "+PONG\r\n+PONG\r\n$-1\r\n"],
  ["PING\r\nQUIT\r\nPING\r\n", "+PONG\r\n+OK\r\n"],
  ["QUIT\r\n", "+OK\r\n"],
  ["MULTI\r\nSET k 1\r\nINCR k\r\nEXEC\r\n", "+OK\r\n+QUEUED\r\n+QUEUED\r\n*2\r\n+OK\r\n:2\r\n"],
  ['PING\r\nSET k "open\r\nPING\r\n', "+PONG\r\n-ERR Protocol error: unbalanced quotes in request\r\n"],
  ["SET k 'x'y\r\nPING\r\n", "-ERR Protocol error: unbalanced quotes in request\r\n"],
  ["ECHO a b\r\n", "-ERR wrong number of arguments for 'echo' command\r\n"],
];

/** Of ours alone; `{B}` and `{P}` stand for the proxy's prefixes. */
const OURS: Conversation[] = [
  ["PUT k=v\nGET k\nDELETE k\n", "{B}OK\n{B}v\n{B}OK\n"],
  ["get none\nPING\r\nGET none\r\nPING\r\n", "{B}No such key found\n+PONG\r\n$-1\r\n+PONG\r\n"],
  ["PUT k=v\n*2\r\n$3\r\nGET\r\n$1\r\nk\r\nGET k\r\n", "{B}OK\n$1\r\nv\r\n$1\r\nv\r\n"],
  ["PUT k=v\nQUIT\r\n", "{B}OK\n+OK\r\n"],
];

function withPrefixes(text: string, isProxied: boolean): string {
  return text.replaceAll("{B}", isProxied ? "{Backend Server} : " : "");
}

/** @param least how much is awaited before the half-close, which Redis takes for the end */
async function ask(port: number, sent: string, least = 0): Promise<string> {
  using client = await ByteClient.connect(port);
  client.send(sent);
  await client.bytes(least);
  client.end();
  return await client.rest();
}

eachPlainTarget((kind, title, canRun) => {
  const isRedis = kind.name === "Redis itself";

  describe.skipIf(!canRun)(`lines to ${title}`, () => {
    let target: Target;
    beforeAll(async () => {
      target = await startTarget(kind);
    });
    afterAll(() => target[Symbol.asyncDispose]());

    test.each(isRedis ? REDIS : [...REDIS, ...OURS])("%j", async (sent, received) => {
      const expected = withPrefixes(received, kind.isProxied);
      expect(await ask(target.port, sent, expected.length)).toBe(expected);
    });

    test("are the same however they are cut", async () => {
      const [sent, received] = REDIS[5]!;
      using client = await ByteClient.connect(target.port);
      for (const byte of sent) {
        client.send(byte);
        await Bun.sleep(1);
      }
      expect(await client.bytes(received.length)).toBe(received);
    });

    if (isRedis) return;

    test("an unknown word gets an ERROR with the forms, and decides nothing", async () => {
      const [first, second, third] = (await ask(target.port, "FETCH k\nPUT k=v\nPING\r\n")).split("\n");
      expect(first).toMatch(/^ERROR unknown verb "FETCH"; a request is one of PUT key=value/);
      expect(second).toBe(withPrefixes("{B}OK", kind.isProxied));
      expect(third).toBe("+PONG\r");
    });

    test("of bytes that are no text get an ERROR, too", async () => {
      expect(await ask(target.port, "\x00\x01\xff\xfe\n")).toMatch(/^ERROR unknown verb "\?\?\?\?"; /);
    });

    test("commands the service does not have are told in RESP, where they are Redis's", async () => {
      expect(await ask(target.port, "DEBUG\r\nGET none\r\n")).toMatch(/^-.*\r\n\$-1\r\n$/);
    });
  });

  if (isRedis) return;

  describe.skipIf(!canRun)(`lines to ${title} that asks for a password`, () => {
    let target: Target;
    beforeAll(async () => {
      target = await startTarget(kind, ["--password", "secret"]);
    });
    afterAll(() => target[Symbol.asyncDispose]());

    const noAuth = "-NOAUTH Authentication required.\r\n";
    const wrong = "-WRONGPASS invalid username-password pair or user is disabled.\r\n";

    test.each([
      ["AUTH secret\r\nPING\r\nQUIT\r\n", "+OK\r\n+PONG\r\n+OK\r\n"],
      ["AUTH secret\nGET none\n", "+OK\r\n{B}No such key found\n"],
      ["auth default secret\r\n*2\r\n$3\r\nGET\r\n$4\r\nnone\r\n", "+OK\r\n$-1\r\n"],
      ["AUTH wrong\r\nAUTH secret\r\nPUT k=v\nGET none\n", `${wrong}+OK\r\n{B}OK\n{B}No such key found\n`],
      ["PING\r\nAUTH secret\r\nGET none\r\n", `${noAuth}+OK\r\n$-1\r\n`],
      ["SET k v\r\nQUIT\r\n", `${noAuth}+OK\r\n`],
    ] as Conversation[])("%j", async (sent, received) => {
      const expected = withPrefixes(received, kind.isProxied);
      expect(await ask(target.port, sent, expected.length)).toBe(expected);
    });

    test("as HAProxy checks a Redis", async () => {
      const sent = "AUTH secret\r\nPING\r\nINFO replication\r\nQUIT\r\n";
      expect(await ask(target.port, sent)).toMatch(
        /^\+OK\r\n\+PONG\r\n\$\d+\r\n[\s\S]*role:master[\s\S]*\+OK\r\n$/,
      );
    });

    test("a text request without the password is told what to send", async () => {
      expect(await ask(target.port, "GET k\nPUT k=v\n")).toMatch(/^ERROR .*\nERROR .*AUTH password.*\n$/i);
    });
  });
});
