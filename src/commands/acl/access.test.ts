import { beforeEach, expect, test } from "bun:test";
import { requestOf } from "../../../test/support/request.ts";
import { utf8 } from "../../lib/bytes.ts";
import { ManualClock } from "../../lib/clock.ts";
import { hashPassword } from "../../net/password-hash.ts";
import type { Client, Clients, SubscribedNames } from "../client.ts";
import { factsOfRequest } from "../command-facts.ts";
import { Access } from "./access.ts";
import { Users } from "./users.ts";
import { readUsers } from "./users-text.ts";

/** A client that notes how it was closed. */
class FakeClient {
  user = users.default;
  authenticated = true;
  queuedCommands = -1;
  isSubscribed = false;
  heard: SubscribedNames | undefined;
  shownFlags = "";
  end = "open";

  get isUnrestricted(): boolean {
    return this.authenticated && this.user.isUnrestricted;
  }

  flags = () => this.shownFlags;
  subscriptions = () => this.heard;

  authenticate(user: typeof this.user): void {
    this.user = user;
    this.authenticated = true;
  }

  close(): void {
    this.end = "closed";
  }

  closeAfterReplies(): void {
    this.end = "closing";
  }
}

let users: Users;
let clients: FakeClient[];
let access: Access;

beforeEach(() => {
  users = new Users(hashPassword);
  clients = [];
  access = new Access({
    users,
    clients: clients as unknown as Clients,
    clock: new ManualClock(),
    usersFile: undefined,
    secretBytes: (count) => new Uint8Array(count),
    logEntries: () => 100,
    describe: () => "a client",
    scriptsMayAll: false,
  });
});

/** A client of a user with these rules. */
function clientOf(name: string, ...rules: string[]): FakeClient {
  users.set(name, ["on", "nopass", ...rules]);
  const client = new FakeClient();
  client.user = users.get(name)!;
  clients.push(client);
  return client;
}

function admit(client: FakeClient, ...words: string[]): string | undefined {
  const request = requestOf(...words);
  return access.admit(client as unknown as Client, factsOfRequest(request), request);
}

function may(client: FakeClient, ...words: string[]): boolean {
  const request = requestOf(...words);
  return access.may(client as unknown as Client, factsOfRequest(request), request);
}

function admitText(client: FakeClient, verb: string, key: string): string | undefined {
  return access.admitText(client as unknown as Client, verb, requestOf(verb, key));
}

const logged = () =>
  access.log
    .newest(10)
    .map(({ reason, context, object, username }) => [reason, context, object, username].join(" "));

const NO_GET = "NOPERM this user has no permissions to run the 'get' command";

test("a client that has not authenticated may authenticate, and nothing else, which is not noted", () => {
  const client = clientOf("app", "~*", "&*", "+@all");
  client.authenticated = false;
  const refused = "NOAUTH Authentication required.";
  expect(admit(client, "AUTH", "x")).toBeUndefined();
  expect([admit(client, "GET", "k"), admit(client, "NOSUCH")]).toEqual([refused, refused]);
  expect(admitText(client, "get", "k")).toBe(`${refused} Send AUTH password first`);
  expect([may(client, "AUTH", "x"), may(client, "GET", "k"), may(client, "NOSUCH")]).toEqual([
    true,
    false,
    false,
  ]);
  expect(logged()).toEqual([]);
});

test("what a user may not run is refused and noted, with whether it was to be queued", () => {
  const client = clientOf("app", "~a");
  expect(admit(client, "GET", "a")).toBe(NO_GET);
  client.queuedCommands = 0;
  expect(admit(client, "GET", "a")).toBe(NO_GET);
  client.queuedCommands = -1;
  expect(admitText(client, "get", "a")).toBe(NO_GET);
  expect(admit(client, "NOSUCH", "x")).toStartWith("ERR unknown command 'NOSUCH'");
  expect([may(client, "GET", "a"), may(client, "AUTH", "x")]).toEqual([false, true]);
  const mayText = () => access.may(client as unknown as Client, undefined, requestOf("GET", "a"));
  expect(mayText()).toBe(false);
  expect(logged()).toEqual(["command toplevel get app", "command multi get app"]);
  expect(access.log.newest(1)).toMatchObject([{ count: 2, clientInfo: "a client" }]);
  users.set("app", ["+get"]);
  expect([admit(client, "GET", "a"), admitText(client, "get", "a")]).toEqual([undefined, undefined]);
  expect([may(client, "GET", "a"), mayText()]).toEqual([true, true]);
});

test("one who may do everything is asked nothing", () => {
  const client = clientOf("app", "~*", "&*", "+@all");
  expect([admit(client, "NOSUCH"), admitText(client, "dump", ""), may(client, "NOSUCH")]).toEqual([
    ...[undefined, undefined, true],
  ]);
});

test("a wrong password is noted with the command that gave it, and changes nothing", () => {
  const client = clientOf("app", "resetpass", ">one");
  client.authenticated = false;
  const asClient = client as unknown as Client;
  expect(access.authenticate(asClient, "app", utf8("two"), "HELLO")).toBe(false);
  client.queuedCommands = 0;
  expect(access.authenticate(asClient, "nobody", utf8("one"), "AUTH")).toBe(false);
  expect(client.authenticated).toBe(false);
  expect(logged()).toEqual(["auth multi AUTH nobody", "auth toplevel HELLO app"]);
  expect(access.authenticate(asClient, "app", utf8("one"), "AUTH")).toBe(true);
  expect([client.authenticated, client.user]).toEqual([true, users.get("app")!]);
});

test("clients of a user that is gone are closed, the one that did it behind its reply", () => {
  const [actor, other] = [clientOf("gone"), clientOf("gone")];
  const stays = clientOf("stays");
  users.delete(["gone"]);
  // One of the same name is another.
  users.set("gone", ["on"]);
  access.closeRevoked(actor as unknown as Client);
  expect([actor.end, other.end, stays.end]).toEqual(["closing", "closed", "open"]);
});

test.each<[string, Partial<FakeClient>, string[], boolean]>([
  ["monitors", { shownFlags: "O" }, ["%R~*"], true],
  ["monitors", { shownFlags: "O" }, ["~a", "(~* +get)"], true],
  ["monitors", { shownFlags: "O" }, ["~a", "%W~*"], false],
  ["does nothing", {}, ["~a"], true],
  ["subscribes", { isSubscribed: true, heard: { channels: ["a"], patterns: [] } }, ["&a"], true],
  ["subscribes", { isSubscribed: true, heard: { channels: ["a", "b"], patterns: [] } }, ["&a"], false],
  ["subscribes", { isSubscribed: true, heard: { channels: ["a", "b"], patterns: [] } }, ["&a", "(&b)"], true],
  ["subscribes", { isSubscribed: true, heard: { channels: ["ab"], patterns: ["a*"] } }, ["&a*"], true],
  ["subscribes", { isSubscribed: true, heard: { channels: [], patterns: ["ab*"] } }, ["&a*"], false],
  ["subscribes", { isSubscribed: true, heard: { channels: [], patterns: ["ab*"] } }, ["&*"], true],
  ["subscribes to nobody knows what", { isSubscribed: true, heard: undefined }, ["&a"], false],
  ["subscribes to nobody knows what", { isSubscribed: true, heard: undefined }, ["(&*)"], true],
  ["no longer subscribes", { isSubscribed: false, heard: undefined }, ["&a"], true],
])("whoever %s, %p, stays with %j: %p", (_, state, rules, stays) => {
  const client = Object.assign(clientOf("app", ...rules), state);
  access.closeRevoked();
  expect(client.end).toBe(stays ? "open" : "closed");
});

test("rights that are taken away by all users being replaced, or in another thread, close clients at once", () => {
  const client = clientOf("gone");
  access.replaceUsers(readUsers("user other on", "file", hashPassword));
  expect(client.end).toBe("closed");
  const adopting = clientOf("app");
  users.delete(["app"]);
  access.adopt();
  expect(adopting.end).toBe("closed");
});
