import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { TemporaryDirectory } from "../../test/support/program.ts";
import { DEFAULT_LIMITS } from "../net/limits.ts";
import { listenAccess } from "./access-settings.ts";
import { resolveConfig } from "./config.ts";
import { LIMIT_FLAGS, limitsOf } from "./limit-settings.ts";
import { listenSettings } from "./listen-settings.ts";

function listen(flags: Record<string, string>, environment: Record<string, string> = {}) {
  const sources = { subcommand: "server", flags, environment, file: undefined };
  return resolveConfig(listenSettings("9090"), sources);
}

const limits = (flags: Record<string, string>) =>
  limitsOf(resolveConfig(LIMIT_FLAGS, { subcommand: "server", flags, environment: {}, file: undefined }));

describe("limits", () => {
  test("the defaults are those of the network layer, exactly", () => {
    expect(limits({})).toEqual(DEFAULT_LIMITS);
  });

  test("every one has a flag", () => {
    const flags = {
      maxConnections: "11",
      maxRequest: "12kb",
      maxArguments: "13",
      maxValue: "14kb",
      maxUnauthenticatedRequest: "15kb",
      maxUnauthenticatedArguments: "16",
      maxUnauthenticatedValue: "17kb",
      maxPipeline: "18",
      pausePendingReplies: "19kb",
      maxPendingReplies: "20kb",
      idleTimeout: "21s",
      requestTimeout: "22s",
      authTimeout: "23s",
      tlsHandshakeTimeout: "26s",
      textSilence: "24ms",
      textWriteSilence: "25ms",
    };
    expect(Object.keys(flags)).toEqual(Object.keys(LIMIT_FLAGS));
    expect(limits(flags)).toEqual({
      connections: 11,
      parser: { requestBytes: 12 * 1024, argumentCount: 13, argumentBytes: 14 * 1024 },
      unauthenticatedParser: { requestBytes: 15 * 1024, argumentCount: 16, argumentBytes: 17 * 1024 },
      pipelineDepth: 18,
      pausedReplyBytes: 19 * 1024,
      replyBytes: 20 * 1024,
      idleTimeoutMs: 21_000,
      requestTimeoutMs: 22_000,
      authTimeoutMs: 23_000,
      tlsHandshakeMs: 26_000,
      textSilenceMs: 24,
      textWriteSilenceMs: 25,
    });
  });

  test("a pause beyond the cut is a mistake", () => {
    expect(() => limits({ maxPendingReplies: "10kb" })).toThrow(
      "--pause-pending-replies: must not be larger than --max-pending-replies",
    );
  });
});

describe("protected mode", () => {
  test.each(["localhost", "127.0.0.1", "127.1.2.3", "::1"])("%s needs no password", (host) => {
    expect(listenAccess(listen({ host })).password).toBeUndefined();
  });

  test.each(["0.0.0.0", "::", "192.168.0.1", "example.org", "127.example.org"])("%s needs one", (host) => {
    expect(() => listenAccess(listen({ host }))).toThrow("give --password-file, listen on localhost");
    expect(() => listenAccess(listen({}, { GLASSCACHE_HOST: host }))).toThrow("GLASSCACHE_HOST: without");
    expect(listenAccess(listen({ host, password: "s" })).password).toBe("s");
    expect(listenAccess(listen({ host, protectedMode: "no" })).password).toBeUndefined();
  });
});

describe("passwords", () => {
  const directory = new TemporaryDirectory();
  afterAll(() => directory[Symbol.dispose]());
  const passwordFile = join(directory.path, "password");

  test("from a file: its first line", async () => {
    await Bun.write(passwordFile, "pass word\r\nsomething else\n");
    expect(listenAccess(listen({ passwordFile })).password).toBe("pass word");
    await Bun.write(passwordFile, "no line feed");
    expect(listenAccess(listen({ passwordFile })).password).toBe("no line feed");
    await Bun.write(passwordFile, "\nsecond");
    expect(() => listenAccess(listen({ passwordFile }))).toThrow("the first line of");
    for (const blank of [" ", "\t \r\n", "\ufeff\n", " \nsecond\n"]) {
      await Bun.write(passwordFile, blank);
      expect(() => listenAccess(listen({ passwordFile }))).toThrow(
        `the first line of "${passwordFile}" holds nothing but white space; it must be the password`,
      );
    }
    await Bun.write(passwordFile, "");
    expect(() => listenAccess(listen({ passwordFile }))).toThrow("is empty; it must be the password");
    expect(() => listenAccess(listen({ passwordFile: "/nowhere" }))).toThrow(
      '--password-file: cannot read "/nowhere": there is no such file',
    );
  });

  test("the stronger source wins; two of one source are a mistake", async () => {
    await Bun.write(passwordFile, "from file");
    expect(listenAccess(listen({ passwordFile }, { GLASSCACHE_PASSWORD: "weaker" })).password).toBe(
      "from file",
    );
    expect(
      listenAccess(listen({ password: "stronger" }, { GLASSCACHE_PASSWORD_FILE: passwordFile })).password,
    ).toBe("stronger");
    expect(() => listenAccess(listen({ password: "a", passwordFile }))).toThrow(
      "--password and --password-file: give one of the two",
    );
  });
});
