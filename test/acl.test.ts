/** Users and their rights, the same at the server, at the proxy and at a proxy of several threads. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ReplyError } from "../src/protocol/reply-value.ts";
import { startServer } from "../src/server/start.ts";
import { LocalProxy } from "./support/local-proxy.ts";
import { type RunningServer, startRedis } from "./support/origins.ts";
import { TemporaryDirectory } from "./support/program.ts";
import { requireProgram } from "./support/requirements.ts";
import { RespClient } from "./support/resp-client.ts";
import { TextClient } from "./support/text-client.ts";
import { startThreads } from "./support/threads.ts";
import { until } from "./support/until.ts";

const redis = requireProgram("redis-server");

interface Service extends AsyncDisposable {
  readonly port: number;
}

interface Options {
  readonly usersFile?: string;
  readonly password?: string;
}

type Start = (options: Options, origin: RunningServer) => Promise<Service>;

const SERVICES: readonly (readonly [string, Start])[] = [
  [
    "the server",
    async (options) => {
      const { port, close } = await startServer({
        ...{ host: "127.0.0.1", port: 0, engine: "memory", dataDirectory: "", sync: "always" },
        memoryBytes: 1024 ** 2,
        ...options,
      });
      return { port, [Symbol.asyncDispose]: close };
    },
  ],
  [
    "the proxy",
    async (options, origin) => {
      const local = await LocalProxy.ready({ origin: origin.port, ...options });
      return { port: local.port, [Symbol.asyncDispose]: () => local[Symbol.asyncDispose]() };
    },
  ],
  [
    "the proxy with threads",
    async (options, origin) => {
      const threads = await startThreads(origin, { threads: 2, ...options });
      return { port: threads.supervisor.port, [Symbol.asyncDispose]: () => threads[Symbol.asyncDispose]() };
    },
  ],
];

const NO_KEY = "NOPERM this user has no permissions to access one of the keys used as arguments";
const NO_CHANNEL = "NOPERM this user has no permissions to access one of the channels used as arguments";
const noCommand = (name: string) => `NOPERM this user has no permissions to run the '${name}' command`;
const noEveryKey = (name: string) =>
  `NOPERM this user has no permissions to see every key, which '${name}' may show`;
const NO_BY = "ERR BY option of SORT denied due to insufficient ACL permissions.";
const NO_GET = NO_BY.replace("BY", "GET");
const WRONG = "WRONGPASS invalid username-password pair or user is disabled.";

/** A reply, or the text of an error. */
async function answer(client: RespClient, line: string): Promise<unknown> {
  const reply = await client.ask(...line.split(" "));
  return reply instanceof ReplyError ? reply.message : reply;
}

async function answers(client: RespClient, ...lines: string[]): Promise<unknown[]> {
  return Promise.all(lines.map((line) => answer(client, line)));
}

describe.skipIf(!redis.available)(redis.title("users"), () => {
  let origin: RunningServer;
  const directory = new TemporaryDirectory();

  beforeAll(async () => {
    origin = await startRedis();
  });
  afterAll(async () => {
    await origin?.[Symbol.asyncDispose]();
    directory[Symbol.dispose]();
  });

  describe.each(SERVICES)("at %s", (title, start) => {
    const isProxy = title !== "the server";
    const testAtProxy = (name: string, body: () => Promise<void>): void => {
      if (isProxy) test(name, body);
    };
    let service: Service;
    let admin: RespClient;

    beforeAll(async () => {
      service = await start({}, origin);
      admin = await RespClient.connect({ port: service.port });
      await admin.must("MSET", "app:1", "one", "app:2", "two", "shared:1", "three", "secret", "four");
    });
    afterAll(async () => {
      admin?.close();
      await service?.[Symbol.asyncDispose]();
    });

    /** A client that has authenticated as a new user with these rules. */
    async function clientOf(name: string, rules: string, version?: 2 | 3): Promise<RespClient> {
      await admin.must("ACL", "SETUSER", name, "reset", "on", ">pass", ...rules.split(" "));
      const client = await RespClient.connect({
        port: service.port,
        ...(version === undefined ? {} : { version }),
      });
      await client.must("AUTH", name, "pass");
      return client;
    }

    test("a hit never shows what its reader may not read", async () => {
      // Everything is in the cache, if there is one.
      for (let round = 0; round < 2; round++) await answers(admin, "GET app:1", "GET shared:1", "GET secret");
      const app = await clientOf("app", "~app:* %R~shared:* +@read +set +getset");
      expect(
        await answers(
          app,
          ...["GET app:1", "GET shared:1", "GET secret", "MGET app:1 secret", "MGET app:1 shared:1"],
          ...["SET shared:1 x", "SET secret x", "SET app:2 new", "GET app:2", "SET shared:1 x GET"],
          ...["GETSET app:2 two", "DEL app:1", "STRLEN secret", "EXISTS app:1 secret"],
        ),
      ).toEqual([
        ...["one", "three", NO_KEY, NO_KEY, ["one", "three"]],
        ...[NO_KEY, NO_KEY, "OK", "new", NO_KEY],
        ...["new", noCommand("del"), NO_KEY, NO_KEY],
      ]);
      app.close();
    });

    test("a change of rights holds at once, for clients that are in", async () => {
      const app = await clientOf("app", "~app:* +get +set");
      expect(await answers(app, "GET app:1", "SET app:1 one")).toEqual(["one", "OK"]);
      await admin.must("ACL", "SETUSER", "app", "-get");
      expect(await answers(app, "GET app:1", "SET app:1 one")).toEqual([noCommand("get"), "OK"]);
      await admin.must("ACL", "SETUSER", "app", "+get", "resetkeys", "~other");
      expect(await answers(app, "GET app:1", "SET app:1 one")).toEqual([NO_KEY, NO_KEY]);
      await admin.must("ACL", "SETUSER", "app", "allkeys", "allcommands", "allchannels");
      expect(await answers(app, "GET secret", "GET app:1")).toEqual(["four", "one"]);
      app.close();
    });

    test("GETUSER tells of a user what Redis tells", async () => {
      const rules = "reset on >one >two ~a:* %R~b:* &news +get (+hget ~h:*) (%W~w:* +@write &more)".split(
        " ",
      );
      const told = ["ACL", "GETUSER", "several"];
      for (const version of [2, 3] as const) {
        using own = await RespClient.connect({ port: service.port, version });
        using theirs = await RespClient.connect({ port: origin.port, version });
        for (const client of [own, theirs]) await client.must("ACL", "SETUSER", "several", ...rules);
        // Redis 7.0 tells all commands that a category has.
        const text = (reply: unknown) => JSON.stringify(reply).replaceAll(/\+@write[^"]*/g, "+@write");
        expect(text(await own.must(...told))).toBe(text(await theirs.must(...told)));
        for (const client of [own, theirs]) await client.must("ACL", "DELUSER", "several");
      }
    });

    test("names of keys are shown to those who may read them", async () => {
      const app = await clientOf("app", "~app:* %W~shared:* +@all");
      expect(
        await answers(
          app,
          ...["KEYS *", "KEYS app:*", "KEYS shared:*", "SCAN 0", "SCAN 0 COUNT 9 MATCH app:?", "RANDOMKEY"],
          ...["SCAN 0 MATCH app:* MATCH *", "MONITOR", "SLOWLOG GET", "DBSIZE"],
        ),
      ).toEqual([
        noEveryKey("keys"),
        expect.arrayContaining(["app:1", "app:2"]),
        noEveryKey("keys"),
        noEveryKey("scan"),
        ["0", expect.any(Array)],
        noEveryKey("randomkey"),
        noEveryKey("scan"),
        noEveryKey("monitor"),
        noEveryKey("slowlog|get"),
        expect.any(Number),
      ]);
      app.close();
    });

    test("a pattern that reads like an option is the pattern, and what follows it is not", async () => {
      const app = await clientOf("app", "~match ~count +@all");
      expect(await answers(app, "SCAN 0 MATCH match COUNT 9", "SCAN 0 MATCH secret MATCH match")).toEqual([
        ["0", expect.any(Array)],
        ["0", expect.any(Array)],
      ]);
      const other = await clientOf("app", "resetkeys ~count +@all");
      expect(await answers(other, "SCAN 0 MATCH match COUNT 9", "SCAN 0 COUNT 9 MATCH match")).toEqual([
        noEveryKey("scan"),
        noEveryKey("scan"),
      ]);
      for (const client of [app, other]) client.close();
    });

    test("a subscriber that tracks hears of changes of keys that it may read", async () => {
      const app = await clientOf("app", "~app:* +@all", 3);
      const tracking = (rest: string) => answer(app, `CLIENT TRACKING ON BCAST${rest}`);
      expect(await tracking("")).toBe(noEveryKey("client|tracking"));
      expect(await tracking(" PREFIX app:1 PREFIX sec")).toBe(noEveryKey("client|tracking"));
      expect(await tracking(" PREFIX app:1")).toBe("OK");
      app.close();
    });

    test("channels", async () => {
      const app = await clientOf("app", "resetchannels &news &news:* +@pubsub +ping", 3);
      expect(
        await answers(app, "PUBLISH news x", "PUBLISH other x", "SUBSCRIBE news other", "PSUBSCRIBE news:1*"),
      ).toEqual([0, NO_CHANNEL, NO_CHANNEL, NO_CHANNEL]);
      void app.ask("SUBSCRIBE", "news").catch(() => {});
      await until(() => app.pushes.length > 0, "the subscription is confirmed");
      // Another one more changes nothing for it; one less ends it.
      await admin.must("ACL", "SETUSER", "app", "&more");
      expect(String(await admin.must("CLIENT", "LIST"))).toContain("user=app");
      await admin.must("ACL", "SETUSER", "app", "resetchannels", "&news:*");
      await app.closed;
      expect(String(await admin.must("CLIENT", "LIST"))).not.toContain("user=app");
    });

    test("a client of a user that is deleted is closed", async () => {
      const app = await clientOf("app", "+@all ~*");
      const own = await clientOf("own", "+@all ~*");
      expect(await answer(admin, "ACL DELUSER app nobody")).toBe(1);
      await app.closed;
      expect(await answer(own, "ACL DELUSER own")).toBe(1);
      await own.closed;
      expect(await answer(admin, "ACL DELUSER default")).toBe("ERR The 'default' user cannot be removed");
      expect(await answer(admin, "ACL USERS")).toEqual(["default"]);
    });

    test("AUTH and HELLO", async () => {
      await admin.must("ACL", "SETUSER", "app", "reset", "on", ">one", ">two", "+acl|whoami", "+ping");
      const client = await RespClient.connect({ port: service.port });
      expect(
        await answers(
          client,
          ...["AUTH app three", "ACL WHOAMI", "AUTH app one", "ACL WHOAMI", "AUTH app two", "AUTH nobody x"],
          ...["ACL WHOAMI", "HELLO 3 AUTH app four SETNAME a", "CLIENT GETNAME", "RESET", "ACL WHOAMI"],
        ),
      ).toEqual([
        ...[WRONG, "default", "OK", "app", "OK", WRONG],
        ...["app", WRONG, noCommand("client|getname"), "RESET", "default"],
      ]);
      const hello = await client.must("HELLO", "3", "AUTH", "app", "wrong", "AUTH", "app", "one");
      expect(hello).toBeInstanceOf(Map);
      expect(await answer(client, "ACL WHOAMI")).toBe("app");
      await admin.must("ACL", "SETUSER", "app", "off");
      // Who is in stays in, as in Redis.
      expect(await answers(client, "PING", "AUTH app one")).toEqual(["PONG", WRONG]);
      client.close();
    });

    test("a transaction is refused as a whole", async () => {
      const app = await clientOf("app", "~app:* +@all");
      expect(
        await answers(app, "MULTI", "GET app:1", "GET secret", "EXEC", "MULTI", "GET app:1", "EXEC"),
      ).toEqual([
        ...["OK", "QUEUED", NO_KEY, "EXECABORT Transaction discarded because of previous errors."],
        ...["OK", "QUEUED", ["one"]],
      ]);
      expect(await answers(app, "MULTI", "GET app:1")).toEqual(["OK", "QUEUED"]);
      await admin.must("ACL", "SETUSER", "app", "-get");
      expect(String(await answer(app, "EXEC"))).toContain("NOPERM ACLs rules changed between the moment");
      expect(await answers(app, "PING", "EXEC")).toEqual(["PONG", "ERR EXEC without MULTI"]);
      app.close();
    });

    test("the text protocol", async () => {
      const usersFile = join(directory.path, "text.acl");
      writeFileSync(
        usersFile,
        "user default on nopass ~app:* +get +set +scan\nuser admin on >a ~* &* +@all\n",
      );
      await using open = await start({ usersFile }, origin);
      using filler = await RespClient.connect({ port: open.port });
      await filler.must("AUTH", "admin", "a");
      await filler.must("MSET", "app:1", "one", "secret", "four");
      using text = await TextClient.connect(open.port);
      const told: string[] = [];
      for (const line of [
        "GET app:1",
        "GET secret",
        "PUT app:2=two",
        "PUT secret=x",
        "DELETE app:1",
        "DUMP",
      ]) {
        told.push((await text.ask(line)).replace(/^\{[A-Za-z ]+\} : /, ""));
      }
      expect(told).toEqual([
        "one",
        expect.stringContaining(NO_KEY),
        "OK",
        expect.stringContaining(NO_KEY),
        expect.stringContaining(noCommand("del")),
        expect.stringContaining(noEveryKey("scan")),
      ]);
    });

    test("files of users", async () => {
      const usersFile = join(directory.path, "users.acl");
      const write = (text: string) => writeFileSync(usersFile, text, { mode: 0o640 });
      write(
        "user default off\n\nuser admin on >adm ~* &* +@all\nuser app on >app ~app:* +get\nuser gone on nopass\n",
      );
      await using guarded = await start({ usersFile }, origin);
      using client = await RespClient.connect({ port: guarded.port });
      expect(await answer(client, "GET app:1")).toBe("NOAUTH Authentication required.");
      await client.must("AUTH", "admin", "adm");
      using app = await RespClient.connect({ port: guarded.port });
      await app.must("AUTH", "app", "app");
      const gone = await RespClient.connect({ port: guarded.port });
      await gone.must("AUTH", "gone", "");
      // A mistake leaves everything as it was.
      write("user admin on >adm ~* &* +@all\nuser app on >app +gett\nuser app on\nusr x\nuser y (+get ~a\n");
      expect(await answer(client, "ACL LOAD")).toBe(
        `ERR ${usersFile}:2: Error in applying operation '+gett': Unknown command or category name in ACL. ` +
          `${usersFile}:3: Duplicate user 'app' found. ` +
          `${usersFile}:4: should start with user keyword followed by the username. ` +
          `${usersFile}:5: Unmatched parenthesis in selector definition. ` +
          "WARNING: ACL errors detected, no change to the previously active ACL rules was performed",
      );
      expect(await answer(app, "GET app:1")).not.toBeInstanceOf(ReplyError);
      expect(await answer(client, "ACL USERS")).toEqual(["admin", "app", "default", "gone"]);
      write("user default off\nuser admin on >adm ~* &* +@all\nuser app on >app ~other +get\n");
      expect(await answer(client, "ACL LOAD")).toBe("OK");
      expect(await answer(app, "GET app:1")).toBe(NO_KEY);
      await gone.closed;
      await client.must("ACL", "SETUSER", "more", "on", ">\u00e9\u00ff", "~\u00ff*");
      expect(await answer(client, "ACL SAVE")).toBe("OK");
      expect(statSync(usersFile).mode & 0o777).toBe(0o640);
      const saved = readFileSync(usersFile, "latin1");
      expect(saved).toMatch(/^user admin .*\nuser app .*\nuser default off .*\nuser more on .*\n$/);
      expect(await answer(client, "ACL LOAD")).toBe("OK");
      using more = await RespClient.connect({ port: guarded.port });
      expect(await answer(more, "AUTH more \u00e9\u00ff")).toBe("OK");
    });

    test("there are limits", async () => {
      const rules = Array.from({ length: 6_000 }, (_, at) => `~${"k".repeat(200)}${at}`);
      const before = await answer(admin, "ACL LIST");
      expect(await answer(admin, `ACL SETUSER large ${rules.join(" ")}`)).toMatch(
        /^ERR Users may take 1048576 bytes in all; with this change they would take \d+$/,
      );
      expect(await answer(admin, "ACL LIST")).toEqual(before);
      expect(await answers(admin, "ACL LOAD", "ACL SAVE")).toEqual([
        expect.stringContaining("not configured to use an ACL file"),
        expect.stringContaining("not configured to use an ACL file"),
      ]);
      expect(await answers(admin, "ACL GENPASS 0", "ACL GENPASS 4097", "ACL GENPASS x")).toEqual([
        expect.stringContaining("a positive number up to 4096"),
        expect.stringContaining("a positive number up to 4096"),
        "ERR value is not an integer or out of range",
      ]);
      expect(String(await answer(admin, "ACL GENPASS 5"))).toMatch(/^[0-9a-f]{2}$/);
    });

    test("ACL LOG groups what is the same", async () => {
      await admin.must("ACL", "LOG", "RESET");
      const app = await clientOf("app", "~app:* +get +multi");
      await answers(
        app,
        "GET secret",
        "GET secret",
        "GET other",
        "PING",
        "AUTH app wrong",
        "MULTI",
        "GET secret",
      );
      const entries = (await admin.must("ACL", "LOG")) as unknown[][];
      const shown = entries.map((entry) => {
        const facts = Object.fromEntries(
          Array.from({ length: entry.length / 2 }, (_, at) => [String(entry[2 * at]), entry[2 * at + 1]]),
        );
        expect(String(facts["client-info"])).toContain("user=app");
        return ["count", "reason", "context", "object", "username"].map((name) => facts[name]);
      });
      expect(shown).toEqual([
        [1, "key", "multi", "secret", "app"],
        [1, "auth", "toplevel", "AUTH", "app"],
        [1, "command", "toplevel", "ping", "app"],
        [1, "key", "toplevel", "other", "app"],
        [2, "key", "toplevel", "secret", "app"],
      ]);
      expect(((await admin.must("ACL", "LOG", "2")) as unknown[]).length).toBe(2);
      const setting = isProxy ? "acl-log-entries" : "acllog-max-len";
      await admin.must("CONFIG", "SET", setting, "3");
      await answers(app, "GET secret2");
      // Each thread keeps so many. Those that have refused nothing since keep what they had.
      expect(((await admin.must("ACL", "LOG", "9")) as unknown[]).length).toBe(3);
      await admin.must("CONFIG", "SET", setting, "128");
      await admin.must("ACL", "LOG", "RESET");
      expect(await answer(admin, "ACL LOG")).toEqual([]);
      app.close();
    });

    testAtProxy("a script is for users who may do everything: it has all rights of the proxy", async () => {
      const app = await clientOf("app", "~app:* +@all");
      const all = await clientOf("all", "~* &* +@all");
      const script = ["EVAL", "return redis.call('get', 'secret')", "0"];
      expect(String(await app.ask(...script))).toContain("NOPERM scripts run at the origin");
      expect(String(await app.ask("FCALL", "f", "0"))).toContain("NOPERM scripts run at the origin");
      expect(await all.ask(...script)).toBe("four");
      expect(await answer(app, "MULTI")).toBe("OK");
      expect(String(await app.ask(...script))).toContain("NOPERM scripts run at the origin");
      app.close();
      all.close();
    });

    testAtProxy("what the proxy tells of keys is for those who may read them", async () => {
      const app = await clientOf("app", "~app:* +@all");
      expect(
        await answers(
          app,
          ...[
            "GLASS.EXPLAIN secret",
            "GLASS.GET secret",
            "GLASS.HOTKEYS",
            "GLASS.FAMILIES",
            "GLASS.SLOWLOG GET",
          ],
          ...[
            "GLASS.WATCH",
            "GLASS.WATCH *",
            "GLASS.WATCH OFF sec*",
            "SORT app:l BY w_*",
            "SORT app:l GET secret",
          ],
        ),
      ).toEqual([
        ...[NO_KEY, NO_KEY, noEveryKey("glass.hotkeys"), noEveryKey("glass.families")],
        ...[noEveryKey("glass.slowlog|get"), noEveryKey("glass.watch"), noEveryKey("glass.watch")],
        ...[noEveryKey("glass.watch"), NO_BY, NO_GET],
      ]);
      expect(await answer(app, "SORT app:l BY nosort")).toEqual([]);
      expect(await answer(app, "GLASS.EXPLAIN app:1")).not.toBeInstanceOf(ReplyError);
      app.close();
    });
  });
});
