import { describe, expect, test } from "bun:test";
import { LocalServer } from "../../test/support/local-server.ts";
import { StorageError } from "../engine/engine.ts";
import type { Log } from "../lib/log.ts";
import { ReplyError } from "../protocol/reply-value.ts";

/** Collects the messages logged as errors. */
function recordingLog(): Log & { readonly errors: string[] } {
  const errors: string[] = [];
  const error = (first: object | string, message?: string) => {
    errors.push(message ?? String(first));
  };
  return { errors, info: () => undefined, warn: () => undefined, error };
}

function messageOf(reply: unknown): string {
  return reply instanceof ReplyError ? reply.message : `no error: ${JSON.stringify(reply)}`;
}

describe("a client that has not given the password", () => {
  test("may only give it", async () => {
    await using local = new LocalServer({ password: "secret" });
    const client = await local.client();
    for (const command of [
      ["GET", "k"],
      ["SET", "k", "v"],
      ["PING"],
      ["CLIENT", "ID"],
      ["CONFIG", "GET", "*"],
    ]) {
      expect(messageOf(await client.ask(...command))).toBe("NOAUTH Authentication required.");
    }
    // An unknown command is reported before the missing password, as in Redis.
    expect(messageOf(await client.ask("FOO", "a"))).toBe(
      "ERR unknown command 'FOO', with args beginning with: 'a' ",
    );
    expect(messageOf(await client.ask("GET"))).toBe("ERR wrong number of arguments for 'get' command");
    expect(messageOf(await client.ask("AUTH", "wrong"))).toStartWith("WRONGPASS ");
    expect(messageOf(await client.ask("HELLO", "3"))).toStartWith("NOAUTH HELLO must be called");
    expect(await client.ask("AUTH", "secret")).toBe("OK");
    expect(await client.ask("SET", "k", "v")).toBe("OK");
  });

  test("gives it with HELLO, or with AUTH and the name of the default user", async () => {
    await using local = new LocalServer({ password: "secret" });
    const first = await local.client();
    await first.must("HELLO", "3", "AUTH", "default", "secret");
    expect(await first.ask("PING")).toBe("PONG");
    const second = await local.client();
    expect(await second.ask("AUTH", "default", "secret")).toBe("OK");
    expect(await second.ask("PING")).toBe("PONG");
    // RESET makes the connection unauthenticated again.
    expect(await second.ask("RESET")).toBe("RESET");
    expect(messageOf(await second.ask("PING"))).toStartWith("NOAUTH ");
  });

  test("may quit", async () => {
    await using local = new LocalServer({ password: "secret" });
    const client = await local.client();
    expect(await client.ask("QUIT")).toBe("OK");
    await client.closed;
  });
});

describe("a failure", () => {
  test("of the store is reported to the client each time, and to the operator once", async () => {
    const log = recordingLog();
    await using local = new LocalServer({ log });
    local.engine.write = () => {
      throw new StorageError("no space left on the disk");
    };
    const client = await local.client();
    for (let n = 0; n < 3; n++) {
      expect(messageOf(await client.ask("SET", "k", "v"))).toBe("MISCONF no space left on the disk");
    }
    expect(await client.ask("GET", "k")).toBeNull();
    expect(log.errors).toEqual(["storage failed: writes are refused"]);
  });

  test("of a command is an error to its client and a line in the log, and concerns no other client", async () => {
    const log = recordingLog();
    await using local = new LocalServer({ log });
    local.engine.get = () => {
      throw new Error("a fault");
    };
    const client = await local.client();
    await client.must("SET", "k", "v");
    expect(messageOf(await client.ask("GETDEL", "k"))).toBe("ERR a fault");
    expect(log.errors).toEqual(["a command failed"]);
    expect(await client.ask("GET", "k")).toBe("v");
  });
});

test("many clients at once each get their own replies", async () => {
  await using local = new LocalServer();
  const clients = await Promise.all(Array.from({ length: 200 }, () => local.client()));
  await Promise.all(
    clients.map(async (client, id) => {
      for (let n = 0; n < 20; n++) {
        const [, value] = await Promise.all([
          client.must("SET", `${id}`, `${id}:${n}`),
          client.must("GET", `${id}`),
          client.must("INCR", "total"),
        ]);
        expect(value).toBe(`${id}:${n}`);
      }
    }),
  );
  expect(await clients[0]!.ask("GET", "total")).toBe("4000");
});
