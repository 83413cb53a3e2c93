/** What ACL answers beside `service-commands.test.ts`, which holds it against Redis. */
import { expect, test } from "bun:test";
import { LocalServer } from "../../../test/support/local-server.ts";
import { requestOf } from "../../../test/support/request.ts";
import { ManualClock } from "../../lib/clock.ts";
import { ReplyError } from "../../protocol/reply-value.ts";
import { factsOfRequest } from "../command-facts.ts";

test("LOG tells of each entry what Redis 7.2 tells, in its order", async () => {
  const clock = new ManualClock();
  await using server = new LocalServer({ clock });
  const client = await server.client({ version: 3 });
  const startMs = Math.floor(clock.wallMs());
  await client.ask("AUTH", "nobody", "x");
  clock.advance(1_500);
  await client.ask("AUTH", "nobody", "x");
  clock.advance(2_250);
  const [entry] = (await client.must("ACL", "LOG")) as [Map<string, unknown>];
  expect([...entry]).toEqual([
    ["count", 2],
    ["reason", "auth"],
    ["context", "toplevel"],
    ["object", "AUTH"],
    ["username", "nobody"],
    ["age-seconds", 2.25],
    ["client-info", expect.stringMatching(/^id=1 addr=.* cmd=auth user=default .*lib-ver=$/)],
    ["entry-id", 0],
    ["timestamp-created", startMs],
    ["timestamp-last-updated", startMs + 1_500],
  ]);
});

test("LOG tells of ten entries, or of as many as it is asked for, and of no age below 0", async () => {
  const clock = new ManualClock();
  await using server = new LocalServer({ clock });
  const client = await server.client({ version: 3 });
  for (let index = 0; index < 12; index++) await client.ask("AUTH", `user${index}`, "x");
  const log = async (...args: string[]) =>
    ((await client.must("ACL", "LOG", ...args)) as Map<string, unknown>[]).map((entry) =>
      entry.get("username"),
    );
  expect((await log()).length).toBe(10);
  expect(await log("2")).toEqual(["user11", "user10"]);
  expect((await log("12")).length).toBe(12);
  expect(await log("-1")).toEqual([]);
  const [entry] = (await client.must("ACL", "LOG", "1")) as [Map<string, unknown>];
  expect(entry.get("age-seconds")).toBe(0);
});

test("GENPASS gives four bits a digit, rounded up, 256 bits by default", async () => {
  await using server = new LocalServer();
  const client = await server.client();
  const { access } = server.server;
  const digits = async (...args: string[]) => String(await client.must("ACL", "GENPASS", ...args));
  expect(await digits()).toMatch(/^[0-9a-f]{64}$/);
  expect(await digits("1")).toMatch(/^[0-9a-f]$/);
  expect(await digits("12")).toMatch(/^[0-9a-f]{3}$/);
  expect(await digits("4096")).toMatch(/^[0-9a-f]{1024}$/);
  // Nothing is lost of a byte below 16.
  Object.assign(access, { secretBytes: (count: number) => new Uint8Array(count).map((_, at) => at * 10) });
  expect(await digits("28")).toBe("000a141");
});

test("CAT has the commands that the service runs, subcommands among them", async () => {
  await using server = new LocalServer();
  const client = await server.client();
  const names = (await client.must("ACL", "CAT", "KEYSPACE")) as string[];
  expect(names).toContain("del");
  expect(names).not.toContain("migrate");
  expect(await client.must("ACL", "CAT", "connection")).toContain("client|kill");
  const facts = names.map((name) => factsOfRequest(requestOf(...name.split("|")))!);
  expect(facts.every(({ categories }) => categories.includes("@keyspace"))).toBe(true);
  expect(await client.must("ACL", "CAT")).toContain("keyspace");
});

test("names of users are bytes, without spaces and zeros", async () => {
  await using server = new LocalServer();
  const client = await server.client();
  const refused = new ReplyError("ERR Usernames can't contain spaces or null characters");
  for (const name of ["a b", "a\0b", "\t"]) expect(await client.ask("ACL", "SETUSER", name)).toEqual(refused);
  await client.must("ACL", "SETUSER", "b");
  await client.must("ACL", "SETUSER", "a");
  expect(await client.must("ACL", "USERS")).toEqual(["a", "b", "default"]);
  expect(await client.must("ACL", "LIST")).toEqual([
    "user a off sanitize-payload resetchannels -@all",
    "user b off sanitize-payload resetchannels -@all",
    "user default on nopass sanitize-payload ~* &* +@all",
  ]);
});

test("a user that is deleted, or takes itself the right to hear, gets the reply before it is closed", async () => {
  await using server = new LocalServer();
  const client = await server.client();
  await client.must("ACL", "SETUSER", "own", "on", "nopass", "~*", "&*", "+@all");
  await client.must("AUTH", "own", "");
  expect(await client.must("ACL", "DELUSER", "own", "nobody")).toBe(1);
  await client.closed;
});
