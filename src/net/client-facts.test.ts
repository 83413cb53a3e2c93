import { expect, test } from "bun:test";
import { User } from "../commands/acl/user.ts";
import { BufferLimitError, ByteBuffer } from "../lib/byte-buffer.ts";
import { ClientFacts } from "./client-facts.ts";
import { failureText } from "./failure-text.ts";

function client(remoteAddress: string | undefined): ClientFacts {
  const ends = {
    remoteAddress: remoteAddress as string,
    remotePort: 1,
    localAddress: "10.0.0.1",
    localPort: 2,
  };
  return new ClientFacts(7, ends, 0);
}

test("addresses are told with their ports, and say whether the client is on this machine", () => {
  expect(client("127.0.0.1")).toMatchObject({ remoteAddress: "127.0.0.1:1", isLocal: true });
  expect(client("::1")).toMatchObject({
    remoteAddress: "[::1]:1",
    localAddress: "10.0.0.1:2",
    isLocal: true,
  });
  expect(client("10.0.0.2")).toMatchObject({ remoteAddress: "10.0.0.2:1", isLocal: false });
  // It had gone before it was accepted.
  expect(client(undefined)).toMatchObject({ remoteAddress: "?:0", isLocal: false });
});

test("a new client is nobody, without a transaction, subscriptions or tracking", () => {
  const facts = client("::1");
  expect(facts).toMatchObject({
    ...{ id: 7, authenticated: true, requestCount: 0, replyMode: "on", lastCommand: "NULL", noEvict: false },
    ...{ queuedCommands: -1, database: 0, channels: 0, patterns: 0, shardChannels: 0, redirection: -1 },
    ...{ exemptFromIdleTimeout: false, isSubscribed: false, isUnrestricted: false },
  });
  expect([facts.flags(), facts.subscriptions()]).toEqual(["", undefined]);
  expect([facts.user.isOn, facts.user.name]).toEqual([false, ""]);
});

test("a client of any subscription is a subscriber", () => {
  for (const kind of ["channels", "patterns", "shardChannels"] as const) {
    const facts = client("::1");
    facts[kind] = 1;
    expect(facts.isSubscribed).toBe(true);
  }
});

test("a user's rights count once the client has authenticated", () => {
  const facts = client("::1");
  facts.user = new User("app", () => "");
  facts.user.apply(["~*", "&*", "+@all"]);
  facts.authenticated = false;
  expect(facts.isUnrestricted).toBe(false);
  facts.authenticated = true;
  expect(facts.isUnrestricted).toBe(true);
});

test("state is forgotten; the database, too, if another is named", () => {
  const facts = client("::1");
  const state = {
    queuedCommands: 2,
    channels: 1,
    patterns: 1,
    shardChannels: 1,
    redirection: 3,
    database: 4,
  };
  const forgotten = { queuedCommands: -1, channels: 0, patterns: 0, shardChannels: 0, redirection: -1 };
  Object.assign(facts, state).forgetState();
  expect(facts).toMatchObject({ ...forgotten, database: 4 });
  Object.assign(facts, state).forgetState(0);
  expect(facts).toMatchObject({ ...forgotten, database: 0 });
});

test("an error of a request is told in its words, and one of a reply's limit names the setting", () => {
  let failure: unknown;
  try {
    new ByteBuffer(1, 2).append(new Uint8Array(3));
  } catch (error) {
    failure = error;
  }
  expect(failure).toBeInstanceOf(BufferLimitError);
  expect(failureText(failure, 2)).toBe("reply too large: more than 2 bytes (see --max-pending-replies)");
  expect(failureText(new Error("broken"), 2)).toBe("broken");
  expect(failureText("a text", 2)).toBe("a text");
});
